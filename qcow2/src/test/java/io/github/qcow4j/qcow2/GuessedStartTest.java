package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk whose format is a guess never becomes one that is guessed otherwise. */
class GuessedStartTest {

  private static final byte[] QCOW2 = HexFormat.of().parseHex("514649fb00000003");

  @TempDir private Path directory;
  private Path raw;

  @BeforeEach
  void prepare() {
    raw = Workbench.in(directory).file("disk.raw", new byte[64 << 10]);
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 512, 65536})
  void nobodyWritesAHeaderIntoIt(int lengthBytes) throws IOException {
    try (DiskImage disk = open(ImageOptions.probing())) {
      refused(disk, 0, ByteBuffer.allocate(lengthBytes).put(QCOW2).clear());
    }
    assertThat(Files.readAllBytes(raw)).containsOnly(0);
  }

  @Test
  void norDoSeveralWritesOfWhichEachIsHarmless() throws IOException {
    try (DiskImage disk = open(ImageOptions.probing())) {
      disk.write(4, ByteBuffer.wrap(QCOW2, 4, 4));
      disk.write(1, ByteBuffer.wrap(QCOW2, 1, 3));
      refused(disk, 0, ByteBuffer.wrap(QCOW2, 0, 1));
      disk.write(0, ByteBuffer.wrap("QEDx".getBytes(StandardCharsets.US_ASCII)));
      assertThatThrownBy(() -> disk.writeZeroes(3, 1, true)).hasMessageContaining("not permitted");
      assertThatThrownBy(() -> disk.discard(3, 1)).hasMessageContaining("not permitted");
    }
  }

  @ParameterizedTest
  @CsvSource({"KDMV, 0", "conectix, 0", "vhdxfile, 0", "WithoutFreeSpace, 0"})
  void headersOfFormatsThatOtherProgramsGuessAreRefusedToo(String magic, int offset)
      throws IOException {
    try (DiskImage disk = open(ImageOptions.probing())) {
      refused(disk, offset, ByteBuffer.wrap(magic.getBytes(StandardCharsets.US_ASCII)));
    }
  }

  @Test
  void norIsOneCopiedIntoItByTheKernel() throws IOException {
    Path header =
        Workbench.in(directory).file("header", ByteBuffer.allocate(4096).put(QCOW2).array());
    try (BlockFile source = VOLUME.open(header, OpenOptions.reading());
        DiskImage disk = open(ImageOptions.probing())) {
      assertThatThrownBy(() -> disk.copyFrom(0, source, 0, 4096, EnumSet.allOf(CopyMethod.class)))
          .hasMessageContaining("not permitted");
    }
  }

  @Test
  void whatIsSaidToBeRawHoldsWhatTheGuestLikesAndSoDoesTheRestOfAnyDisk() throws IOException {
    try (DiskImage disk = open(ImageOptions.probing())) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      disk.write(512, ByteBuffer.wrap(QCOW2));
    }
    try (DiskImage disk = open(ImageOptions.of(ImageFormat.RAW))) {
      disk.write(0, ByteBuffer.wrap(QCOW2));
    }
    assertThat(Files.readAllBytes(raw)).startsWith(QCOW2);
  }

  private DiskImage open(ImageOptions options) throws IOException {
    return DiskImages.open(VOLUME, raw, ReferencePolicy.deny(), options.withWriting());
  }

  private static void refused(DiskImage disk, long guestOffset, ByteBuffer data) {
    assertThatThrownBy(() -> disk.write(guestOffset, data))
        .hasMessageContaining("Operation not permitted");
  }
}
