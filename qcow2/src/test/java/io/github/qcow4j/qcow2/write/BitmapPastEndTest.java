package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bitmap that follows writes, and whose table would be behind the end of the file. */
class BitmapPastEndTest {

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  /** An entry was written there, and made the file as long as the damaged offset said. */
  @ParameterizedTest
  @ValueSource(longs = {0x40_0000_0006_0000L, 1L << 40, 1L << 24})
  void itsTableIsNotWrittenAndTheBitmapStaysInUse(long tableOffset) throws IOException {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("image", "", 64 << 20, "write -P 65 0 64k");
    bench.qemu().img("bitmap", "--add", image.toString(), "marks").orFail();
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
          surgeon.setNumber(surgeon.number(extension + 16), tableOffset);
        });
    long before = Files.size(image);

    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.write(1 << 20, ByteBuffer.allocate(65_536));
    }

    assertThat(Files.size(image)).isLessThan(2 * before);
    try (Qcow2Image disk = WritableImage.open(image)) {
      assertThat(disk.bitmaps()).hasSize(1).allMatch(Bitmap::inUse);
    }
  }
}
