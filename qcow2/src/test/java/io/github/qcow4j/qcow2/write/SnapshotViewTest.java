package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an internal snapshot shows while the image is open for writing. */
final class SnapshotViewTest {

  private static final int CLUSTER = 65536;

  @TempDir private Path directory;

  private final Volume volume = Volumes.host();

  @Test
  void isItsOwnAlsoWhereTheTablesOfADeletedOneStood() throws IOException {
    Path image = directory.resolve("image.qcow2");
    ImageCreation.create(volume, image, ImageSpec.ofSize(64L * CLUSTER));
    try (Qcow2Image disk = WritableImage.open(image)) {
      for (int round = 1; round <= 8; round++) {
        // In another cluster each time, so that an old table would show something else.
        long guestOffset = (long) round * CLUSTER;
        disk.write(guestOffset, filled(round));
        InternalSnapshot taken = disk.createSnapshot("s", Instant.EPOCH);
        ByteBuffer shown = ByteBuffer.allocate(CLUSTER);
        disk.openSnapshot(taken).read(guestOffset, shown);
        assertThat(shown.flip()).as("round " + round).isEqualTo(filled(round));
        disk.write(guestOffset, filled(100 + round));
        disk.deleteSnapshot(taken);
      }
    }
    QemuTools.require().assertCheckClean(image);
  }

  private static ByteBuffer filled(int value) {
    ByteBuffer bytes = ByteBuffer.allocate(CLUSTER);
    while (bytes.hasRemaining()) {
      bytes.put((byte) value);
    }
    return bytes.flip();
  }
}
