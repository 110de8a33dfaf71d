package io.github.qcow4j.benchmarks;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.IOException;
import java.nio.file.Path;

/** Opens images as the benchmarks want them. */
final class OpenDisk {

  /** Where benchmarks make their images. */
  static final Path TEMPORARY = Path.of(System.getProperty("java.io.tmpdir"));

  private OpenDisk() {}

  static DiskImage qcow2(Path path) throws IOException {
    return of(path, ImageFormat.QCOW2);
  }

  static DiskImage of(Path path, ImageFormat format) throws IOException {
    return DiskImages.open(Volumes.host(), path, ReferencePolicy.allow(), ImageOptions.of(format));
  }
}
