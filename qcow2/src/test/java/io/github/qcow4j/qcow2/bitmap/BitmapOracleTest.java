package io.github.qcow4j.qcow2.bitmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two images, of which QEMU changes one and this library the other, in the same random way: their
 * bitmaps have the same flags and the same marks, and QEMU finds nothing wrong with either. Now and
 * then they change hands.
 */
class BitmapOracleTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_120L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.bitmap.sequences", 12);
  private static final List<String> NAMES = List.of("b0", "second", "a third one, much longer");

  private final QemuTools qemu = QemuTools.require();
  private final Volume volume = Volumes.host();

  @TempDir private Path directory;

  @Test
  void qemuAndThisLibraryMakeTheSameBitmaps() throws Exception {
    for (int i = 0; i < SEQUENCES; i++) {
      long seed = BASE_SEED + i;
      try {
        runSequence(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.bitmap.sequences=1: " + e, e);
      }
    }
  }

  private void runSequence(Random random) throws Exception {
    Path theirs = directory.resolve("theirs.qcow2");
    Path ours = directory.resolve("ours.qcow2");
    int clusterBits = 9 + random.nextInt(9);
    int size = 512 * (1 + random.nextInt(8000));
    for (Path image : List.of(theirs, ours)) {
      qemu.create(image, "cluster_size=" + (1 << clusterBits), size);
    }
    for (int step = 0; step < 14; step++) {
      int sectors = size / 512;
      int from = random.nextInt(sectors);
      int length = 1 + random.nextInt(sectors - from);
      if (random.nextInt(8) == 0) {
        // Whole granules: one that is cut within is marked by us, for what it lost, and not by
        // QEMU.
        size = (1 + random.nextInt(20)) << 18;
        qemu.img("resize", "-q", "--shrink", theirs.toString(), Integer.toString(size)).orFail();
        try (Qcow2Image disk = open(ours, true)) {
          disk.resize(size);
        }
      } else if (random.nextInt(3) == 0) {
        write(theirs, ours, from * 512, length * 512, random.nextInt(3));
      } else {
        change(theirs, ours, random);
      }
      qemu.assertCheckClean(ours);
      assertThat(marks(ours)).isEqualTo(marks(theirs));
      if (random.nextInt(4) == 0) {
        Path swapped = directory.resolve("swapped.qcow2");
        Files.move(theirs, swapped);
        Files.move(ours, theirs);
        Files.move(swapped, ours);
      }
    }
    Files.delete(theirs);
    Files.delete(ours);
  }

  private void write(Path theirs, Path ours, int from, int length, int kind) throws Exception {
    String verb = kind == 0 ? "write -z" : kind == 1 ? "write -z -u" : "write -P 7";
    qemu.io(theirs, verb + " " + from + " " + length);
    try (Qcow2Image disk = open(ours, true)) {
      if (kind < 2) {
        disk.writeZeroes(from, length, kind == 1);
      } else {
        byte[] data = new byte[length];
        java.util.Arrays.fill(data, (byte) 7);
        disk.write(from, ByteBuffer.wrap(data));
      }
    }
  }

  private void change(Path theirs, Path ours, Random random) throws Exception {
    String name = NAMES.get(random.nextInt(NAMES.size()));
    List<String> command = new ArrayList<>(List.of("bitmap"));
    List<BitmapChange> changes = new ArrayList<>();
    long granularity = random.nextBoolean() ? 0 : 512L << random.nextInt(10);
    for (int i = 0; i <= random.nextInt(3); i++) {
      changes.add(change(name, granularity, command, random));
    }
    if (command.contains("--add") && granularity != 0) {
      command.addAll(List.of("-g", Long.toString(granularity)));
    }
    command.addAll(List.of(theirs.toString(), name));
    int exitCode = qemu.img(command).exitCode();
    boolean refused = false;
    try (Qcow2Image disk = open(ours, true)) {
      disk.changeBitmaps(changes);
    } catch (BitmapChangeException e) {
      refused = true;
    }
    assertThat(refused).as("%s", command).isEqualTo(exitCode != 0);
  }

  private static BitmapChange change(
      String name, long granularity, List<String> command, Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> {
        command.add("--remove");
        yield new BitmapChange.Remove(name);
      }
      case 1 -> {
        command.add("--clear");
        yield new BitmapChange.Clear(name);
      }
      case 2 -> {
        command.add("--enable");
        yield new BitmapChange.Enable(name);
      }
      case 3 -> {
        command.add("--disable");
        yield new BitmapChange.Disable(name);
      }
      case 4 -> {
        String source = NAMES.get(random.nextInt(NAMES.size()));
        command.addAll(List.of("--merge", source));
        yield new BitmapChange.Merge(name, source, null);
      }
      default -> {
        command.add("--add");
        yield new BitmapChange.Add(name, granularity);
      }
    };
  }

  /** Flags and marked sectors of all bitmaps of an image. */
  private Map<String, String> marks(Path image) throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Qcow2Image disk = open(image, false)) {
      int index = 0;
      for (Bitmap bitmap : disk.bitmaps()) {
        StringBuilder text =
            new StringBuilder(
                index + " flags " + bitmap.flags() + " each " + bitmap.granularityBytes() + ":");
        DirtyBits bits = disk.loadBitmap(bitmap);
        for (long from = 0; from < disk.virtualSize(); from += bitmap.granularityBytes()) {
          text.append(bits.get(from) ? '#' : '.');
        }
        found.put(bitmap.name(), text.toString());
        index++;
      }
    }
    return found;
  }

  @Test
  void anImageWhoseBitmapIsBrokenKeepsItsSize() throws Exception {
    Path image = directory.resolve("image.qcow2");
    qemu.create(image, "", 1 << 20);
    qemu.img("bitmap", "--add", image.toString(), "broken").orFail();
    leaveInUse(image, "broken");
    try (Qcow2Image disk = open(image, true)) {
      assertThatThrownBy(() -> disk.resize(2 << 20))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessage("Bitmap 'broken' is inconsistent and cannot be used");
    }
    qemu.assertCheckClean(image);
  }

  @Test
  void aSnapshotIsNotAppliedBehindTheBackOfABitmap() throws Exception {
    Path image = directory.resolve("image.qcow2");
    qemu.create(image, "", 1 << 20);
    qemu.img("snapshot", "-c", "s", image.toString()).orFail();
    qemu.img("bitmap", "--add", image.toString(), "b").orFail();
    try (Qcow2Image disk = open(image, true)) {
      assertThatThrownBy(() -> disk.applySnapshot(disk.snapshots().getFirst()))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessage("Device has active dirty bitmaps");
      disk.deleteSnapshot(disk.snapshots().getFirst());
      assertThat(disk.bitmaps()).hasSize(1).noneMatch(Bitmap::inUse);
    }
    qemu.assertCheckClean(image);
  }

  @Test
  void copiesOfBitmapsAreThoseOfQemu() throws Exception {
    Path source = directory.resolve("source.qcow2");
    Path theirs = directory.resolve("theirs.qcow2");
    Path ours = directory.resolve("ours.qcow2");
    qemu.create(source, "", 3 << 20);
    qemu.img("bitmap", "--add", "-g", "4k", source.toString(), "fine").orFail();
    qemu.io(source, "write 0 5k", "write 1M 70k");
    qemu.img("bitmap", "--add", "--disable", "--merge", "fine", source.toString(), "asleep")
        .orFail();
    qemu.img("convert", "--bitmaps", "-O", "qcow2", source.toString(), theirs.toString()).orFail();
    qemu.create(ours, "cluster_size=4k", 3 << 20);
    try (Qcow2Image from = open(source, false);
        Qcow2Image to = open(ours, true)) {
      assertThat(to.copyBitmaps(from, false)).isEmpty();
    }
    qemu.assertCheckClean(ours);
    assertThat(marks(ours)).isEqualTo(marks(theirs)).hasSize(2);
  }

  @Test
  void aBitmapWhoseWriterDiedIsCopiedByNobody() throws Exception {
    Path source = directory.resolve("source.qcow2");
    Path ours = directory.resolve("ours.qcow2");
    qemu.create(source, "", 1 << 20);
    qemu.img("bitmap", "--add", source.toString(), "sound").orFail();
    qemu.img("bitmap", "--add", source.toString(), "broken").orFail();
    leaveInUse(source, "broken");
    qemu.create(ours, "", 1 << 20);
    try (Qcow2Image from = open(source, false);
        Qcow2Image to = open(ours, true)) {
      assertThatThrownBy(() -> to.copyBitmaps(from, false))
          .isInstanceOf(BitmapChangeException.class)
          .hasMessage("Cannot copy inconsistent bitmap 'broken'");
      assertThat(to.bitmaps()).isEmpty();
      assertThat(to.copyBitmaps(from, true)).extracting(Bitmap::name).containsExactly("broken");
      assertThat(to.bitmaps()).extracting(Bitmap::name).containsExactly("sound");
    }
    qemu.assertCheckClean(ours);
  }

  /** Marks a bitmap as one whose writer died. */
  private static void leaveInUse(Path image, String name) throws IOException {
    byte[] bytes = Files.readAllBytes(image);
    byte[] wanted = name.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length - wanted.length; i += 8) {
      if (ByteBuffer.wrap(bytes, i, wanted.length).equals(ByteBuffer.wrap(wanted))) {
        bytes[i - 24 + Bitmap.FLAGS_OFFSET + 3] |= Bitmap.FLAG_IN_USE;
      }
    }
    Files.write(image, bytes);
  }

  private Qcow2Image open(Path image, boolean writable) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2);
    return (Qcow2Image)
        DiskImages.open(
            volume, image, ReferencePolicy.deny(), writable ? options.withWriting() : options);
  }
}
