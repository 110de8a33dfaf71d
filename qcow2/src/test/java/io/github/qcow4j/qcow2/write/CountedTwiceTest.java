package io.github.qcow4j.qcow2.write;

import static io.github.qcow4j.qcow2.write.SharedStructuresTest.requireRefused;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import io.github.qcow4j.qcow2.write.SharedStructuresTest.Action;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images in which guest data have a cluster of the header, of a refcount block, of the snapshot
 * table or of a bitmap, and are counted there: whoever changes that in its place changes the data.
 */
class CountedTwiceTest {

  private static final int CS = 65_536;
  private static final long GUEST_OFFSET = 5L * CS;
  private static final int BEHIND_HEADER = 0x400;

  private static final List<Action> OF_ALL_VERSIONS =
      List.of(
          SharedStructuresTest::delete,
          SharedStructuresTest.WRITE,
          SharedStructuresTest.GROW,
          SharedStructuresTest.SNAPSHOT,
          disk -> disk.changeBackingName("elsewhere", "raw"));

  @TempDir private Path directory;

  private Workbench bench;

  @BeforeEach
  void makeBench() {
    bench = Workbench.in(directory);
  }

  /** The cluster was written as a whole, from zeros, and the snapshot could no longer be read. */
  @Test
  void aHeaderBesideCompressedDataOfASnapshotRefusesChanges() throws IOException {
    Path image = withSnapshot("compat=1.1");
    ImageSurgeon.operate(image, surgeon -> putBehindHeader(surgeon, snapshotEntryOffset(surgeon)));
    bench.qemu().assertCheckClean(image);

    requireRefused(image, OF_ALL_VERSIONS);
    requireRefused(
        image,
        List.of(
            SharedStructuresTest.BITMAP,
            amending(AmendRequest.NOTHING.withLazyRefcounts(true)),
            amending(AmendRequest.NOTHING.withVersion(2))));
    requireSnapshotReads(image, 'S');
  }

  @Test
  void aHeaderBesideCompressedDataOfTheDiskRefusesChanges() throws IOException {
    Path image = withSnapshot("compat=0.10");
    ImageSurgeon.operate(
        image, surgeon -> putBehindHeader(surgeon, surgeon.l2EntryHostOffset(GUEST_OFFSET)));
    bench.qemu().assertCheckClean(image);

    requireRefused(image, OF_ALL_VERSIONS);
    requireRefused(image, List.of(amending(AmendRequest.NOTHING.withVersion(3))));
    bench.qemu().io(image, "read -P " + (int) 'S' + " " + GUEST_OFFSET + " 64k");
  }

  /** Counters were changed in it, and the data of the snapshot with them. */
  @ParameterizedTest
  @ValueSource(ints = {2, 16, 64})
  void aRefcountBlockThatIsDataOfASnapshotRefusesChanges(int refcountBits) throws IOException {
    Path image = withSnapshot("refcount_bits=" + refcountBits);
    ImageSurgeon.operate(image, surgeon -> putIntoBlock(surgeon, snapshotEntryOffset(surgeon)));

    requireRefused(image, OF_ALL_VERSIONS);
    requireRefused(image, List.of(SharedStructuresTest.BITMAP));
  }

  @Test
  void aRefcountBlockThatIsDataOfTheDiskRefusesChanges() throws IOException {
    Path image = withSnapshot("");
    ImageSurgeon.operate(
        image, surgeon -> putIntoBlock(surgeon, surgeon.l2EntryHostOffset(GUEST_OFFSET)));

    requireRefused(image, OF_ALL_VERSIONS);
    requireRefused(image, List.of(SharedStructuresTest.BITMAP));
  }

  /**
   * It was given back with the snapshot, and the disk's entry, alone there now, had no copied flag.
   */
  @Test
  void aSnapshotTableThatIsDataOfTheDiskRefusesChanges() throws IOException {
    Path image = withSnapshot("");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long table = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
          surgeon.setL2Entry(GUEST_OFFSET, table);
          surgeon.setRefcount(table, 2);
        });
    bench.qemu().assertCheckClean(image);

    requireRefused(image, OF_ALL_VERSIONS);
  }

  /** The bits were given back, and the disk's entry, alone there now, had no copied flag. */
  @Test
  void bitsOfABitmapThatAreDataOfTheDiskRefuseChanges() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 128k");
    bench.qemu().img("bitmap", "--add", image.toString(), "marks").orFail();
    bench.write(image, "write -P 66 0 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
          long table = surgeon.number(surgeon.number(extension + 16));
          long bits = surgeon.number(table);
          surgeon.setL2Entry(GUEST_OFFSET, bits);
          surgeon.setRefcount(bits, 2);
        });
    bench.qemu().assertCheckClean(image);

    requireRefused(
        image,
        List.of(
            disk -> disk.changeBitmaps(List.of(new BitmapChange.Remove("marks"))),
            disk -> disk.changeBitmaps(List.of(new BitmapChange.Clear("marks"))),
            SharedStructuresTest.GROW,
            disk -> disk.resize(1 << 19),
            amending(AmendRequest.NOTHING.withVersion(2))));
  }

  private Path withSnapshot(String options) {
    Path image = bench.image("image", options, 1 << 20, "write -P 65 0 128k");
    bench.snapshot(image, "first");
    return bench.write(image, "write -P 66 0 64k");
  }

  private static long snapshotEntryOffset(ImageSurgeon surgeon) {
    long snapshotL1 = surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
    long table = surgeon.number(snapshotL1) & ImageSurgeon.OFFSET_MASK;
    return table + GUEST_OFFSET / CS * Long.BYTES;
  }

  private static void putBehindHeader(ImageSurgeon surgeon, long entryOffset) {
    byte[] content = new byte[CS];
    Arrays.fill(content, (byte) 'S');
    byte[] stream = new byte[512];
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    try {
      deflater.setInput(content);
      deflater.finish();
      assertThat(deflater.deflate(stream)).isLessThan(stream.length);
    } finally {
      deflater.end();
    }
    surgeon.write(BEHIND_HEADER, stream);
    surgeon.setNumber(entryOffset, ImageSurgeon.COMPRESSED | BEHIND_HEADER);
    surgeon.setRefcount(0, 2);
  }

  private static void putIntoBlock(ImageSurgeon surgeon, long entryOffset) {
    long block = surgeon.refcountTableEntry(0);
    surgeon.setNumber(entryOffset, block);
    surgeon.setRefcount(block, 2);
  }

  private static Action amending(AmendRequest request) {
    return disk -> Amendment.run(disk, request, new JobControl());
  }

  private void requireSnapshotReads(Path image, int pattern) {
    bench.qemu().img("snapshot", "-a", "first", image.toString()).orFail();
    bench.qemu().io(image, "read -P " + pattern + " " + GUEST_OFFSET + " 64k");
  }
}
