package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images in which a counter is 0 for what is in use, or a damaged entry names metadata: holes were
 * made of all that nobody counted, when a disk was made smaller or emptied, the header with them.
 */
class UncountedClustersTest {

  private static final int CS = 65_536;

  @TempDir private Path directory;

  private Workbench bench;

  @BeforeEach
  void makeBench() {
    bench = Workbench.in(directory);
  }

  @Test
  void aHeaderThatIsNotCountedOutlivesAShrink() throws IOException {
    requireShrunk(surgeon -> 0);
  }

  @Test
  void anL2TableThatIsNotCountedOutlivesAShrink() throws IOException {
    requireShrunk(surgeon -> surgeon.l2TableOffset(0));
  }

  @Test
  void dataThatAreNotCountedOutliveAShrink() throws IOException {
    requireShrunk(surgeon -> surgeon.clusterOffset(0));
  }

  /** The file was made to end before it. */
  @Test
  void dataAtTheEndThatAreNotCountedOutliveAShrink() throws IOException {
    requireShrunk(surgeon -> surgeon.clusterOffset(CS));
  }

  /** Of what nobody counts behind the last cluster, what is written stays, and no more. */
  @Test
  void theFileEndsBehindWhatIsWritten() throws IOException {
    Path image = bench.image("image", "", 64 << 20, "write -P 65 0 128k");
    long[] end = new long[1];
    ImageSurgeon.operate(
        image,
        surgeon -> {
          end[0] = (surgeon.lengthBytes() + CS - 1) / CS * CS;
          surgeon.truncate(end[0] + 8 * CS);
          surgeon.write(end[0] + CS, new byte[] {1});
        });
    bench.withHole(image, end[0] + 2 * CS, 6 * CS);
    requireShrinks(image);
    assertThat(Files.size(image)).isEqualTo(end[0] + 2 * CS);
  }

  @Test
  void dataOfASnapshotThatAreNotCountedOutliveAnEmptying() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 128k");
    long[] old = new long[1];
    ImageSurgeon.operate(image, surgeon -> old[0] = surgeon.clusterOffset(0));
    bench.snapshot(image, "old");
    bench.write(image, "write -P 67 0 128k");
    ImageSurgeon.operate(image, surgeon -> surgeon.setRefcount(old[0], 0));

    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.empty();
    }
    Path raw = bench.path("raw");
    bench.qemu().convertToRaw(image, "qcow2", raw, "-l", "snapshot.name=old");
    bench.qemu().ioFormat("raw", raw, "read -P 65 0 128k");
  }

  @Test
  void aCompressedEntryThatNamesTheHeaderTakesNothingFromIt() throws IOException {
    requireShrunkWith(ImageSurgeon.COMPRESSED, surgeon -> 0);
  }

  @Test
  void aCompressedEntryThatNamesTheL1TableTakesNothingFromIt() throws IOException {
    requireShrunkWith(ImageSurgeon.COMPRESSED, surgeon -> surgeon.get(HeaderField.L1_TABLE_OFFSET));
  }

  @Test
  void aCompressedEntryThatNamesAnL2TableTakesNothingFromIt() throws IOException {
    requireShrunkWith(ImageSurgeon.COMPRESSED, surgeon -> surgeon.l2TableOffset(0));
  }

  /** A whole table goes, and what it names with it: that has to be counted for both. */
  @Test
  void anEntryOfATableThatGoesRefusesTheShrinkWhereMetadataWouldGoToo() throws IOException {
    Path image = bench.image("image", "", 1L << 30, "write -P 65 0 128k", "write 600M 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> surgeon.setL2Entry(600L << 20, surgeon.l2TableOffset(0) | ImageSurgeon.COPIED));
    SharedStructuresTest.requireRefused(image, List.of(disk -> disk.resize(1 << 20)));
    bench.qemu().io(image, "read -P 65 0 128k");
  }

  private void requireShrunk(ToLongFunction<ImageSurgeon> place) throws IOException {
    Path image = bench.image("image", "", 64 << 20, "write -P 65 0 128k", "write -P 66 48M 64k");
    ImageSurgeon.operate(image, surgeon -> surgeon.setRefcount(place.applyAsLong(surgeon), 0));
    requireShrinks(image);
  }

  private void requireShrunkWith(long flags, ToLongFunction<ImageSurgeon> place)
      throws IOException {
    Path image = bench.image("image", "", 64 << 20, "write -P 65 0 128k");
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setL2Entry(48 << 20, place.applyAsLong(surgeon) | flags));
    requireShrinks(image);
  }

  private void requireShrinks(Path image) throws IOException {
    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.resize(32 << 20);
    }
    bench.qemu().io(image, "read -P 65 0 128k");
    ImageSurgeon.operate(
        image, surgeon -> assertThat(surgeon.get(HeaderField.MAGIC)).isEqualTo(0x514649fbL));
  }
}
