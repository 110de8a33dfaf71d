package io.github.qcow4j.qcow2.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries of L1 and L2 tables bit by bit, as the specification has them. */
class TablesTest {

  @ParameterizedTest
  @ValueSource(ints = {9, 12, 16, 21})
  void aCompressedEntrySaysWhereItsStreamIsAndHowLongAtMost(int clusterBits) {
    for (long offset : new long[] {0, 1, 511, 512, 0x1_2345_6789L, 0xFF_FFFF_FF00L}) {
      for (int bytes : new int[] {1, 2, 511, 512, 513, 1 << clusterBits}) {
        long entry = L2Entry.compressedEntry(offset, bytes, clusterBits);
        assertThat(L2Entry.isCompressed(entry)).isTrue();
        assertThat(L2Entry.compressedOffset(entry, clusterBits)).isEqualTo(offset);
        long end = (offset + bytes + 511) / 512 * 512;
        assertThat(L2Entry.compressedMaxBytes(entry, clusterBits)).isEqualTo((int) (end - offset));
        assertThat(entry & L2Entry.COPIED).isZero();
      }
    }
  }

  @Test
  void gapsOfAnL1TableEndWhereTheNextL2TableIsAlsoWhenTheyWereLookedAtBefore() {
    long[] entries = new long[1000];
    entries[10] = 65_536;
    entries[700] = 131_072;
    L1Table table = L1Table.of(0, entries);
    assertThat(table.endOfGap(0, 1000)).isEqualTo(10);
    assertThat(table.endOfGap(3, 5)).isEqualTo(10);
    assertThat(table.endOfGap(11, 20)).isEqualTo(20);
    assertThat(table.endOfGap(15, 18)).isEqualTo(20);
    assertThat(table.endOfGap(12, 300)).isEqualTo(300);
    assertThat(table.endOfGap(299, 1000)).isEqualTo(700);
    assertThat(table.endOfGap(11, 12)).isEqualTo(700);
    table.setEntry(400, 196_608);
    assertThat(table.endOfGap(11, 1000)).isEqualTo(400);
    assertThat(table.endOfGap(701, 1000)).isEqualTo(1000);
    table.setEntry(10, 0);
    assertThat(table.endOfGap(0, 1000)).isEqualTo(400);
    assertThat(table.endOfGap(701, 1001)).as("not past the table").isEqualTo(1000);
  }

  @Test
  void theSpecificationsBitsOfACompressedEntryHold() {
    // With clusters of 64 KiB the offset has bits 0 to 53, the further sectors bits 54 to 61.
    assertThat(L2Entry.compressedEntry(1000, 1025, 16)).isEqualTo(1L << 62 | 2L << 54 | 1000);
    assertThat(L2Entry.compressedMaxBytes(1L << 62 | 255L << 54 | 1L << 63, 16))
        .isEqualTo(256 * 512);
    assertThat(L2Entry.compressedOffset(-1L, 9)).isEqualTo((1L << 56) - 1);
    assertThat(L2Entry.isCompressed(~(1L << 62))).isFalse();
  }

  @Test
  void aSubclusterBitmapHasDataBelowAndZerosAbove() {
    assertThat(L2Entry.allocatedSubclusters(0x8000_0001_4000_0002L)).isEqualTo(0x4000_0002);
    assertThat(L2Entry.zeroSubclusters(0x8000_0001_4000_0002L)).isEqualTo(0x8000_0001);
  }

  @ParameterizedTest
  @CsvSource({"false, 0", "false, 512", "true, 65536"})
  void anEvenRunEndsWhereAnEntryBreaksIt(boolean extended, long step) {
    int entries = 2000;
    L2Table table = new L2Table(new byte[entries << (extended ? 4 : 3)], extended);
    long first = L2Entry.COPIED | 0x70_0000;
    for (int breaking : new int[] {1, 2, 7, 8, 9, 511, 512, 513, 1024, 1999, entries}) {
      long[] wanted = new long[entries];
      for (int i = 0; i < entries; i++) {
        wanted[i] = first + i * step + (i == breaking ? 1L << 40 : 0);
      }
      table.setEntries(wanted);
      long[] copied = new long[entries - 1];
      table.copyEntries(1, copied, copied.length);
      assertThat(copied).isEqualTo(Arrays.copyOfRange(wanted, 1, entries));
      for (int most : new int[] {0, 1, 2, 8, 9, 600, entries}) {
        assertThat(table.evenRun(0, most, step)).isEqualTo(Math.min(most, breaking));
      }
      assertThat(table.evenRun(breaking - 1, 1, step)).isEqualTo(1);
    }
  }

  @Test
  void anEvenRunInTheMiddleOfATableEndsWhereItIsToldOrBroken() {
    long[] entries = {900, 100, 200, 300, 401, 500};
    assertThat(EvenRun.length(entries, 1, 5, 100, 100)).isEqualTo(3);
    assertThat(EvenRun.length(entries, 1, 2, 100, 100)).isEqualTo(2);
    assertThat(EvenRun.length(entries, 2, 2, 200, 100)).isEqualTo(2);
    assertThat(EvenRun.length(entries, 3, 1, 200, 100)).isZero();
    assertThat(EvenRun.length(entries, 3, 0, 300, 100)).isZero();
  }

  @Test
  void anL2TableIsAViewOfItsBytes() {
    byte[] bytes = new byte[512];
    L2Table table = new L2Table(bytes, false);
    table.setEntry(1, 0x0102_0304_0506_0708L);
    assertThat(bytes[8]).isEqualTo((byte) 1);
    assertThat(bytes[15]).isEqualTo((byte) 8);
    assertThat(table.entry(1)).isEqualTo(0x0102_0304_0506_0708L);
    assertThat(table.entry(0)).isZero();
    assertThat(table.size()).isEqualTo(64);
    assertThat(table.memoryBytes()).isEqualTo(512);
  }

  @Test
  void anExtendedEntryHasTwoWords() {
    byte[] bytes = new byte[512];
    L2Table table = new L2Table(bytes, true);
    table.setEntry(2, 7);
    table.setSubclusterBitmap(2, 9);
    assertThat(table.size()).isEqualTo(32);
    assertThat(ByteBuffer.wrap(bytes).getLong(32)).isEqualTo(7);
    assertThat(ByteBuffer.wrap(bytes).getLong(40)).isEqualTo(9);
    assertThat(table.entry(2)).isEqualTo(7);
    assertThat(table.subclusterBitmap(2)).isEqualTo(9);
    assertThat(table.subclusterBitmap(1)).isZero();
  }

  private static L1Table load(BlockFile file, int entries) throws IOException {
    Qcow2Header header = HeaderDraft.fresh(3, 12, 4, CompressionType.ZLIB).header();
    return L1Table.load(file, header, 4096, entries, "L1 table", new TableRepeats());
  }

  @Test
  void anL1TableOfManyPartsIsLoadedWhole() throws IOException {
    int entries = (1 << 17) * 2 + 5;
    ByteBuffer bytes = ByteBuffer.allocate(entries * 8);
    for (int i = 0; i < entries; i++) {
      bytes.putLong(0x8000_0000_0000_0000L | (long) i << 9);
    }
    try (BlockFile file = file(0)) {
      file.write(bytes.flip(), 4096);
      L1Table table = load(file, entries);
      assertThat(table.size()).isEqualTo(entries);
      assertThat(table.hostOffset()).isEqualTo(4096);
      for (int i = 0; i < entries; i++) {
        assertThat(table.l2Offset(i)).isEqualTo((long) i << 9);
      }
      assertThat(table.entry(7)).isEqualTo(0x8000_0000_0000_0000L | 7 << 9);
      assertThat(table.entry(entries)).isZero();
      assertThat(table.l2Offset(entries)).isZero();
    }
  }

  @Test
  void anL1TableChangesInMemoryAlone() {
    L1Table table = L1Table.of(512, new long[] {1, 2, 3});
    table.setEntry(1, 0x4200);
    assertThat(table.entry(1)).isEqualTo(0x4200);
    assertThat(table.hostOffset()).isEqualTo(512);
    assertThat(table.copyOfEntries(2)).containsExactly(1, 0x4200);
    assertThat(table.copyOfEntries(4)).containsExactly(1, 0x4200, 3, 0);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "4096, 4096", "0, 8192", "4608, 3584", "12288, 0", "-1, 0"})
  void aTableWithinTheFilesClustersIsAccepted(long offset, long bytes) throws IOException {
    try (BlockFile file = file(4097)) {
      assertThatCode(() -> TableBounds.requireWithinFile(file, offset, bytes, 4096, "table"))
          .doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 8193", "4096, 4097", "8192, 1", "-4096, 8", "9223372036854771712, 8192"})
  void aTableThatLeavesTheFileIsCorrupt(long offset, long bytes) throws IOException {
    try (BlockFile file = file(4097)) {
      assertThatThrownBy(() -> TableBounds.requireWithinFile(file, offset, bytes, 4096, "table"))
          .isInstanceOfSatisfying(
              CorruptImageException.class, e -> assertThat(e.hostOffset()).isEqualTo(offset))
          .hasMessage("table reaches past the end of the file (4097 bytes)");
    }
  }

  @Test
  void aTableOfThatLengthIsNotLoadedWhereTheFileEnds() throws IOException {
    try (BlockFile file = file(4096)) {
      assertThatThrownBy(() -> load(file, 1)).isInstanceOf(CorruptImageException.class);
    }
  }

  @Test
  void aClusterStandsOnABorderAndWithinWhatHostOffsetsReach() throws IOException {
    try (BlockFile file = file(0)) {
      TableBounds.requirePossible(file, (1L << 56) - 512, 512, "L2 table");
      assertThatThrownBy(() -> TableBounds.requirePossible(file, 1L << 56, 512, "L2 table"))
          .hasMessage("L2 table offset 0x100000000000000 lies beyond all that an image can have");
      assertThatThrownBy(() -> TableBounds.requirePossible(file, -512, 512, "L2 table"))
          .isInstanceOf(CorruptImageException.class);
      assertThatThrownBy(() -> TableBounds.requirePossible(file, 513, 512, "L2 table"))
          .hasMessage("L2 table offset 0x201 unaligned");
    }
  }

  private static BlockFile file(long sizeBytes) throws IOException {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    BlockFile file = volume.open(Path.of("/image"), OpenOptions.creatingNew());
    file.truncate(sizeBytes);
    return file;
  }
}
