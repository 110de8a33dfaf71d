package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.SnapshotTakenException;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Images that are clean for every check, in which something has two parts to play: an L2 table is
 * another's zero cluster, or a snapshot's table that of a bitmap. What is written in its place then
 * destroys the other.
 */
class SharedStructuresTest {

  private static final int CS = 65_536;
  private static final long FAR = 512L << 20;

  @TempDir private Path directory;

  private Workbench bench;

  @BeforeEach
  void makeBench() {
    bench = Workbench.in(directory);
  }

  /** Something done to an open image. */
  @FunctionalInterface
  interface Action {
    void run(Qcow2Image disk) throws IOException;
  }

  static final Action WRITE = disk -> disk.write(CS, ByteBuffer.wrap(new byte[CS]));
  static final Action BITMAP = disk -> disk.changeBitmaps(List.of(new BitmapChange.Add("more", 0)));
  static final Action GROW = disk -> disk.resize(4L << 30);
  static final Action SNAPSHOT = disk -> disk.createSnapshot("new", Instant.EPOCH);

  /** Both were counted twice, and the zeros were written over the guest's data. */
  @Test
  void anAmendMakesNoZerosOfWhatIsCountedAsOftenAsItsTable() throws IOException {
    Path image =
        bench.image("image", "", 1 << 30, "write -P 7 0 128k", "write -P 71 " + FAR + " 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long table = surgeon.l2TableOffset(0);
          long data = surgeon.clusterOffset(FAR);
          surgeon.setRefcount(surgeon.clusterOffset(0), 0);
          surgeon.setRefcount(surgeon.clusterOffset(CS), 0);
          surgeon.setL2Entry(0, table | ImageSurgeon.ZERO);
          surgeon.setL2Entry(CS, data | ImageSurgeon.ZERO);
          surgeon.setL1Entry(0, table);
          surgeon.setL2Entry(FAR, data);
          surgeon.setRefcount(table, 2);
          surgeon.setRefcount(data, 2);
        });
    bench.qemu().assertCheckClean(image);

    assertThatThrownBy(() -> amend(image)).isInstanceOf(CorruptImageException.class);
    bench.qemu().io(image, "read -P 71 " + FAR + " 64k", "read -P 0 0 128k");

    // Without the table itself among its clusters all of it can be done.
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.setL2Entry(0, 0);
          surgeon.setRefcount(surgeon.l2TableOffset(0), 1);
          surgeon.setL1Entry(0, surgeon.l1Entry(0) | ImageSurgeon.COPIED);
        });
    bench.qemu().assertCheckClean(image);
    amend(image);
    bench.qemu().io(image, "read -P 71 " + FAR + " 64k", "read -P 0 0 128k");
  }

  private static void amend(Path image) throws IOException {
    try (Qcow2Image disk = open(Volumes.host(), image)) {
      Amendment.run(disk, AmendRequest.NOTHING.withVersion(2), new JobControl());
    }
  }

  /** A write of the guest's changed the snapshot, and its deletion freed the disk's table. */
  @Test
  void aTableOfASnapshotThatIsTheActiveL1TableRefusesChanges() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 64k");
    bench.snapshot(image, "first");
    bench.write(image, "write -P 66 0 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long snapshotL1 = surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
          long oldTable = surgeon.number(snapshotL1) & ImageSurgeon.OFFSET_MASK;
          long active = surgeon.get(HeaderField.L1_TABLE_OFFSET);
          long activeTable = surgeon.l2TableOffset(0);
          surgeon.setRefcount(surgeon.number(oldTable) & ImageSurgeon.OFFSET_MASK, 0);
          surgeon.setRefcount(oldTable, 0);
          surgeon.setNumber(snapshotL1, active);
          surgeon.setRefcount(active, 2);
          surgeon.setRefcount(activeTable, 2);
          surgeon.setL1Entry(0, activeTable);
        });
    bench.qemu().assertCheckClean(image);

    requireRefused(image, WRITE, BITMAP, GROW, SNAPSHOT, SharedStructuresTest::delete);
  }

  static void delete(Qcow2Image disk) throws IOException {
    disk.deleteSnapshot(disk.snapshots().getFirst());
  }

  /** Its marks were written into the snapshot's table, and after its deletion into guest data. */
  @Test
  void aTableOfASnapshotThatIsThatOfABitmapRefusesChanges() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 64k");
    bench.snapshot(image, "first");
    bench.write(image, "write -P 66 0 64k");
    addBitmap(image, "a");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long snapshotL1 = surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
          long oldTable = surgeon.number(snapshotL1) & ImageSurgeon.OFFSET_MASK;
          long marks = surgeon.number(bitmapDirectory(surgeon));
          surgeon.setRefcount(surgeon.number(oldTable) & ImageSurgeon.OFFSET_MASK, 0);
          surgeon.setRefcount(oldTable, 0);
          surgeon.setNumber(snapshotL1, marks);
          surgeon.setRefcount(marks, 2);
        });
    bench.qemu().assertCheckClean(image);

    requireRefused(image, WRITE, BITMAP, GROW, SNAPSHOT, SharedStructuresTest::delete);
  }

  /**
   * One was removed, and what both had was free for the guest's data, though marked by the other.
   */
  @Test
  void bitmapsOfOneTableRefuseChanges() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 64k");
    addBitmap(image, "a");
    addBitmap(image, "b");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long first = bitmapDirectory(surgeon);
          long second = first + 32;
          surgeon.setRefcount(surgeon.number(second), 0);
          surgeon.setNumber(second, surgeon.number(first));
          surgeon.setRefcount(surgeon.number(first), 2);
        });
    bench.qemu().assertCheckClean(image);

    requireRefused(
        image,
        WRITE,
        BITMAP,
        GROW,
        SNAPSHOT,
        disk -> disk.changeBitmaps(List.of(new BitmapChange.Remove("a"))));
  }

  /** It was applied, told as a failure, and no change was possible any more. */
  @Test
  void aSnapshotWhoseTableIsTheL1TableOfAnotherIsNotApplied() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 64k");
    bench.snapshot(image, "first");
    bench.write(image, "write -P 66 0 64k");
    bench.snapshot(image, "second");
    bench.write(image, "write -P 67 0 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long table = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
          long firstL1 = surgeon.number(table);
          long secondL1 = surgeon.number(secondSnapshot(surgeon, table));
          long oldTable = surgeon.number(firstL1) & ImageSurgeon.OFFSET_MASK;
          long secondTable = surgeon.number(secondL1) & ImageSurgeon.OFFSET_MASK;
          surgeon.setRefcount(surgeon.number(oldTable) & ImageSurgeon.OFFSET_MASK, 0);
          surgeon.setRefcount(oldTable, 0);
          surgeon.setNumber(firstL1, secondL1);
          surgeon.setRefcount(secondL1, 2);
          surgeon.setNumber(secondL1, secondTable);
          surgeon.setRefcount(secondTable, 2);
        });
    bench.qemu().assertCheckClean(image);

    requireRefused(image, disk -> disk.applySnapshot(disk.snapshots().getFirst()));
    try (Qcow2Image disk = open(Volumes.host(), image)) {
      WRITE.run(disk);
    }
    bench.qemu().io(image, "read -P 67 0 64k");
  }

  /** Entries are of whole eight bytes: 40, extra data, identifier and name. */
  private static long secondSnapshot(ImageSurgeon surgeon, long first) {
    long bytes =
        40
            + surgeon.number(first + 36, 4)
            + surgeon.number(first + 12, 2)
            + surgeon.number(first + 14, 2);
    return first + (bytes + 7) / 8 * 8;
  }

  /** State of a guest that a snapshot held, and its application brought back. */
  @Test
  void whatStandsBehindTheEndIsNotShownByALargerDisk() throws IOException {
    Path image = bench.image("image", "", 2 << 20, "write -P 82 0 2M");
    ImageSurgeon.operate(image, surgeon -> surgeon.set(HeaderField.SIZE, (1 << 20) - 512));
    bench.qemu().assertCheckClean(image);

    try (Qcow2Image disk = open(Volumes.host(), image)) {
      disk.resize(4 << 20);
    }
    bench.qemu().assertCheckClean(image);
    bench
        .qemu()
        .io(image, "read -P 82 0 " + ((1 << 20) - 512), "read -P 0 " + ((1 << 20) - 512) + " 3M");
  }

  /** What is unallocated ends within clusters: one was dropped for ever, and half of one stayed. */
  @ParameterizedTest
  @CsvSource({"96k 32k, 128", "96k 64k, 256", "112k 16k, 256", "64k 192k, 256"})
  void halfAClusterBehindTheEndIsNotShownEither(String written, int sizeKib) throws IOException {
    Path image =
        bench.image(
            "image", "extended_l2=on,cluster_size=64k", sizeKib << 10, "write -P 65 " + written);
    ImageSurgeon.operate(image, surgeon -> surgeon.set(HeaderField.SIZE, CS));
    bench.qemu().assertCheckClean(image);

    try (Qcow2Image disk = open(Volumes.host(), image)) {
      disk.resize(sizeKib << 10);
    }
    bench.qemu().assertCheckClean(image);
    bench.qemu().io(image, "read -P 0 0 " + sizeKib + "k");
  }

  /** Reserved and never written, it is a hole to who asks for data. */
  @Test
  void whatWasReservedIsGivenBackToo() throws IOException {
    Path image = bench.image("image", "preallocation=falloc", 32 << 20);
    assertThat(
            bench
                .qemu()
                .ioRaw(
                    List.of(
                        "-d",
                        "unmap",
                        "--image-opts",
                        "-c",
                        "discard 8M 16M",
                        "driver=qcow2,pass-discard-request=off,file.filename=" + image))
                .exitCode())
        .isZero();
    long before = allocatedBytes(image);

    try (Qcow2Image disk = open(Volumes.host(), image)) {
      disk.resize(31 << 20);
    }
    assertThat(allocatedBytes(image)).isLessThanOrEqualTo(before - (16 << 20));
    bench.qemu().assertCheckClean(image);
  }

  private static long allocatedBytes(Path image) throws IOException {
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      return file.allocatedSize();
    }
  }

  /**
   * It was told as one that failed: "flatten" cut the name of the backing file, with exit code 1.
   */
  @Test
  void aChangeThatIsMadeIsDoneThoughTheImageCannotBeOpenedAgain() throws IOException {
    Path image = bench.unsafeOverlay("image", "base", "raw", 1 << 20);
    bench.file("base", new byte[1 << 20]);
    AtomicBoolean changed = new AtomicBoolean();
    TappedVolume failing = failingToReadAfterTheHeaderChanged(image, changed);

    try (Qcow2Image disk = open(failing.volume(), image)) {
      disk.changeBackingName(null, null);
      assertThat(changed).isTrue();
      assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(512)))
          .hasMessageContaining("could not be opened again");
      assertThatThrownBy(() -> WRITE.run(disk)).hasMessageContaining("could not be opened again");
    }
    assertThat(bench.qemu().infoJson(image)).doesNotContain("base");
    bench.qemu().assertCheckClean(image);
  }

  @Test
  void aSnapshotThatIsTakenIsToldAsTakenThoughTheImageCannotBeOpenedAgain() throws IOException {
    Path image = bench.image("image", "", 1 << 20, "write -P 65 0 64k");
    TappedVolume failing = failingToReadAfterTheHeaderChanged(image, new AtomicBoolean());

    try (Qcow2Image disk = open(failing.volume(), image)) {
      assertThatThrownBy(() -> disk.createSnapshot("first", Instant.EPOCH))
          .isInstanceOf(SnapshotTakenException.class);
    }
    assertThat(bench.qemu().infoJson(image)).contains("first");
    bench.qemu().assertCheckClean(image);
  }

  private static TappedVolume failingToReadAfterTheHeaderChanged(
      Path image, AtomicBoolean changed) {
    return new TappedVolume(
        Volumes.host(),
        call -> {
          if (call.is("write") && call.position() < 512) {
            changed.set(true);
          }
          if (call.reads() && changed.get()) {
            throw Errno.EIO.exception("pread", image.toString());
          }
        });
  }

  private static void requireRefused(Path image, Action... actions) throws IOException {
    requireRefused(image, List.of(actions));
  }

  /** Requires that each is refused, and that nothing of the image is changed. */
  static void requireRefused(Path image, List<Action> actions) throws IOException {
    byte[] before = Files.readAllBytes(image);
    for (Action action : actions) {
      assertThatThrownBy(
              () -> {
                try (Qcow2Image disk = open(Volumes.host(), image)) {
                  action.run(disk);
                }
              })
          .isInstanceOf(CorruptImageException.class);
      assertThat(Files.readAllBytes(image)).isEqualTo(before);
    }
  }

  private static Qcow2Image open(Volume volume, Path image) throws IOException {
    return (Qcow2Image)
        DiskImages.open(
            volume,
            image,
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }

  private void addBitmap(Path image, String name) {
    assertThat(bench.qemu().img("bitmap", "--add", image.toString(), name).exitCode()).isZero();
  }

  private static long bitmapDirectory(ImageSurgeon surgeon) {
    return surgeon.number(surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16);
  }
}
