package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The specification has no compressed clusters in an image whose data are in another file. */
class CompressedBesideDataFileTest {

  @TempDir private Path directory;

  @Test
  void aCompressedClusterIsRefusedAndNothingIsChanged() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path data = bench.path("disk.data");
    Path image = bench.image("disk.qcow2", "data_file=" + data, 1 << 20, "write -P 1 0 100k");
    byte[] imageBefore = Files.readAllBytes(image);
    byte[] dataBefore = Files.readAllBytes(data);

    try (Qcow2Image disk = open(image)) {
      ByteBuffer stream = ByteBuffer.allocateDirect(100);
      assertThatThrownBy(() -> disk.writeCompressed(0, stream))
          .isInstanceOfSatisfying(
              UnsupportedFeatureException.class,
              e -> assertThat(e.feature()).isEqualTo("external data file"))
          .hasMessageContaining("external data file");
      assertThat(stream.remaining()).isEqualTo(100);
    }

    assertThat(Files.readAllBytes(image)).isEqualTo(imageBefore);
    assertThat(Files.readAllBytes(data)).isEqualTo(dataBefore);
    bench.qemu().assertCheckClean(image);
  }

  private static Qcow2Image open(Path image) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    return (Qcow2Image) DiskImages.open(Volumes.host(), image, ReferencePolicy.allow(), options);
  }
}
