package io.github.qcow4j.qcow2.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Up to which of its L2 tables an L1 table is taken for an honest one. With the largest clusters,
 * so that few entries name much.
 */
final class TableWalkTest {

  private static final int CLUSTER = 2 << 20;

  /** As much of L2 tables as may be named again. */
  private static final int NAMED_AGAIN = (int) (FormatLimits.MAX_REPEATED_L2_BYTES / CLUSTER);

  /** 4 GiB of L2 tables. */
  private static final int WITHOUT_STORAGE = 2048;

  private static final long FILE_BYTES = 3L * WITHOUT_STORAGE * CLUSTER;

  private BlockFile file;
  private Qcow2Header header = HeaderDraft.fresh(3, 21, 4, CompressionType.ZLIB).header();
  private TableRepeats repeats = new TableRepeats();

  @BeforeEach
  void makeFile() throws IOException {
    file =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false))
            .open(Path.of("/image"), OpenOptions.creatingNew());
    file.truncate(FILE_BYTES);
  }

  @AfterEach
  void closeFile() throws IOException {
    file.close();
  }

  private L1Table load(int count, IntToLongFunction entry) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count * Long.BYTES);
    for (int i = 0; i < count; i++) {
      bytes.putLong(entry.applyAsLong(i));
    }
    file.write(bytes.flip(), 0);
    return L1Table.load(file, header, 0, count, "L1 table", repeats);
  }

  private static long cluster(long number) {
    return number * CLUSTER;
  }

  @Test
  void anL1TableMayNameTwoMebibytesOfL2TablesAgain() throws IOException {
    // Three tables in turn, once copied and once not: which are the same is no matter of neighbours
    // nor of flags.
    IntToLongFunction turns = i -> cluster(1 + i % 3) | (i % 2 == 0 ? L2Entry.COPIED : 0);
    int most = NAMED_AGAIN + 3;
    assertThat(load(most, turns).l2Offset(most - 1)).isEqualTo(cluster(1 + (most - 1) % 3));
    repeats = new TableRepeats();
    assertThatThrownBy(() -> load(most + 1, turns))
        .isInstanceOfSatisfying(
            LimitExceededException.class,
            e -> assertThat(e.limit()).isEqualTo(FormatLimits.MAX_REPEATED_L2_BYTES))
        .hasMessage("L1 table names L2 tables 2 times that it has named before");
  }

  /** Alone each may; a chain of 256 layers had 256 times as much walked. */
  @Test
  void theL1TablesOfAChainMayNameTwoMebibytesOfL2TablesAgainTogether() throws IOException {
    header = HeaderDraft.fresh(3, 16, 4, CompressionType.ZLIB).header();
    int half = (1 << 20) >> 16;
    assertThat(load(1 + half, i -> cluster(1)).size()).isEqualTo(1 + half);
    assertThatThrownBy(() -> load(2 + half, i -> cluster(1)))
        .isInstanceOfSatisfying(
            LimitExceededException.class,
            e -> assertThat(e.limit()).isEqualTo(FormatLimits.MAX_REPEATED_L2_BYTES))
        .hasMessage("The L1 tables of the chain name L2 tables again too often together");
    // What was refused is not added.
    assertThat(load(1 + half, i -> cluster(1)).size()).isEqualTo(1 + half);
    assertThatThrownBy(() -> load(2, i -> cluster(1))).isInstanceOf(LimitExceededException.class);
  }

  /** An entry of 16 bytes gives up to 32 extents: as many bytes gave 16 times as many. */
  @Test
  void ofExtendedL2TablesAnL1TableMayNameASixteenthOfThatAgain() throws IOException {
    header =
        HeaderDraft.fresh(3, 16, 4, CompressionType.ZLIB)
            .feature(Feature.EXTENDED_L2, true)
            .header();
    int namedAgain = (128 << 10) >> 16;
    assertThat(load(1 + namedAgain, i -> cluster(1)).size()).isEqualTo(1 + namedAgain);
    repeats = new TableRepeats();
    assertThatThrownBy(() -> load(2 + namedAgain, i -> cluster(1)))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("L1 table names L2 tables 3 times that it has named before");
  }

  @Test
  void whatNamesNothingInTheFileIsNoRepetition() throws IOException {
    assertThat(load(1000, i -> 0).size()).isEqualTo(1000);
    assertThat(load(1000, i -> FILE_BYTES).size()).isEqualTo(1000);
    assertThatThrownBy(() -> load(1000, i -> FILE_BYTES - CLUSTER))
        .isInstanceOf(LimitExceededException.class);
  }

  @Test
  void anL1TableNamesAsManyL2TablesAsTheFilesStorageAllows() throws IOException {
    assertThat(load(WITHOUT_STORAGE, i -> cluster(1 + i)).size()).isEqualTo(WITHOUT_STORAGE);
    assertRefused(WITHOUT_STORAGE + 1);
    // A 32nd part of a table, the L1 table within it: just enough for one more.
    file.write(ByteBuffer.allocate(CLUSTER / 32), 0);
    assertThat(load(WITHOUT_STORAGE + 1, i -> cluster(1 + i)).size())
        .isEqualTo(WITHOUT_STORAGE + 1);
    assertRefused(WITHOUT_STORAGE + 2);
  }

  private void assertRefused(int count) throws IOException {
    // The storage that the table will take.
    file.write(ByteBuffer.allocate(count * Long.BYTES), 0);
    long limit = (4L << 30) + 32 * file.allocatedSize();
    assertThatThrownBy(() -> load(count, i -> cluster(1 + i)))
        .isInstanceOfSatisfying(
            LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(limit))
        .hasMessage(
            "L1 table names %d L2 tables, more than the file has storage for".formatted(count));
  }
}
