package io.github.qcow4j.qcow2.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is stored as text is there still, byte for byte, when it is stored elsewhere. */
class StoredTextTest {

  private static final int FIXED_BYTES = 40;

  @TempDir Path directory;

  @Test
  void textIsText() {
    String text = "schön \uD83D\uDE00\u0000 \uFFFD";
    assertThat(StoredText.encode(text)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
    assertThat(StoredText.decode(StandardCharsets.UTF_8.encode(text))).isEqualTo(text);
    assertThat(StoredText.readable(text)).isEqualTo(text);
  }

  @Test
  void bytesThatAreNoTextAreShownAsOneUnreadableCharacterEach() {
    byte[] bytes = {'c', (byte) 0xE9, (byte) 0xF0, (byte) 0x9F, (byte) 0x98, 'x', (byte) 0xC3};
    String text = StoredText.decode(ByteBuffer.wrap(bytes));
    assertThat(StoredText.encode(text)).isEqualTo(bytes);
    assertThat(StoredText.readable(text)).isEqualTo("c\uFFFD\uFFFD\uFFFD\uFFFDx\uFFFD");
  }

  @Test
  void anyBytesComeBack() {
    long seed = Long.getLong("qcow4j.seed", 20_251);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 2_000; i++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      assertThat(StoredText.encode(StoredText.decode(ByteBuffer.wrap(bytes))))
          .as("-Dqcow4j.seed=%d, text %d", seed, i)
          .isEqualTo(bytes);
    }
  }

  @Test
  void aNameThatIsNoTextOutlivesAnotherSnapshot() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("image.qcow2", "", 1 << 20, "write -P 7 0 64k");
    bench.snapshot(image, "0123456789");
    byte[] name = {1, (byte) 0xFF, 'a', (byte) 0xE9, 0, (byte) 0x80, (byte) 0xC3, 'b', 'c', 'd'};
    ImageSurgeon.operate(image, surgeon -> surgeon.write(nameOffset(surgeon), name));
    try (Qcow2Image disk =
        (Qcow2Image)
            DiskImages.open(
                Volumes.host(),
                image,
                ReferencePolicy.deny(),
                ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      disk.createSnapshot("another", Instant.EPOCH);
    }
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      assertThat(surgeon.get(HeaderField.NB_SNAPSHOTS)).isEqualTo(2);
      assertThat(surgeon.read(nameOffset(surgeon), name.length)).isEqualTo(name);
    }
    bench.qemu().assertCheckClean(image);
  }

  /** Where the first snapshot's name stands. */
  private static long nameOffset(ImageSurgeon surgeon) {
    long entry = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
    return entry + FIXED_BYTES + surgeon.number(entry + 36, 4) + surgeon.number(entry + 12, 2);
  }
}
