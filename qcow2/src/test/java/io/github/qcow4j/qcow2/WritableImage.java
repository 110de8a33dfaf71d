package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.IOException;
import java.nio.file.Path;

/** Opens the images that tests change. */
public final class WritableImage {

  private WritableImage() {}

  /** A qcow2 image of the host, which may lie on others of its directory. */
  public static Qcow2Image open(Path image) throws IOException {
    return (Qcow2Image)
        DiskImages.open(
            Volumes.host(),
            image,
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }
}
