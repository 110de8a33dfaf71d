package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;

/**
 * Changes of bitmaps between writes. After a power cut each bitmap is marked "in use", or it is one
 * that was stored at some moment, and if it follows writes, it has marked every granule that is not
 * as it was when the bitmap was last cleared.
 */
final class BitmapWork implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final List<String> NAMES =
      List.of("first", "second", "a third, with a longer name");

  /** One bitmap as it is stored or is to be stored. */
  private record Marks(int granularityBits, boolean auto, BitSet bits, ByteBuffer clearedAt) {

    Marks with(boolean otherAuto, BitSet otherBits) {
      return new Marks(granularityBits, otherAuto, otherBits, clearedAt);
    }

    /** Marks more of the writes that failed, of which nobody can know what they did. */
    boolean isWithin(BitSet marked) {
      BitSet missing = (BitSet) bits.clone();
      missing.andNot(marked);
      return missing.isEmpty();
    }

    boolean coversChangesOf(byte[] content, BitSet marked) {
      for (int i = 0; i < content.length; i++) {
        // What a larger disk got was zeros.
        byte before = i < clearedAt.capacity() ? clearedAt.get(i) : 0;
        if (content[i] != before && !marked.get(i >>> granularityBits)) {
          return false;
        }
      }
      return true;
    }
  }

  /** All bitmaps that the image may have from some moment on. */
  private record Stored(Map<String, Marks> bitmaps, boolean durable) {}

  /** The work on one volume. */
  private static final class Session {

    private final SimulatedVolume volume;
    private final Random random;
    private final DiskModel model;
    private final Map<String, Marks> bitmaps = new LinkedHashMap<>();

    Session(SimulatedVolume volume, Random random, DiskModel model) {
      this.volume = volume;
      this.random = random;
      this.model = model;
    }

    void note(boolean durable) {
      Map<String, Marks> copies = new LinkedHashMap<>();
      bitmaps.forEach(
          (name, marks) -> copies.put(name, marks.with(marks.auto, (BitSet) marks.bits.clone())));
      volume.mark(new Stored(copies, durable));
    }

    void step(Qcow2Image disk) throws IOException {
      int size = model.sizeBytes();
      int from = random.nextInt(size);
      int length = 1 + random.nextInt(Math.min(size - from, 9000));
      switch (random.nextInt(7)) {
        case 0, 1 -> {
          touch(from, length);
          model.write(disk, from, RandomChanges.randomBytes(random, length));
        }
        case 2 -> {
          touch(from, length);
          model.writeZeroes(disk, from, length, random.nextBoolean());
        }
        case 3 -> model.sync(disk);
        case 4 -> {
          // A change of the size stores what was followed so far.
          note(false);
          model.resize(disk, size + 512 * (1 + random.nextInt(40)), null);
          note(true);
        }
        default -> change(disk);
      }
    }

    private void touch(int from, int length) {
      bitmaps.values().stream()
          .filter(Marks::auto)
          .forEach(marks ->
              marks.bits.set(
                  from >>> marks.granularityBits,
                  ((from + length - 1) >>> marks.granularityBits) + 1));
    }

    private void change(Qcow2Image disk) throws IOException {
      // A change stores what was followed so far, before it is made.
      note(false);
      List<BitmapChange> changes = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(3); i++) {
        changes.add(changeOne(NAMES.get(random.nextInt(NAMES.size()))));
      }
      note(false);
      disk.changeBitmaps(changes);
      model.durable();
      note(true);
    }

    private BitmapChange changeOne(String name) {
      Marks marks = bitmaps.get(name);
      if (marks == null) {
        int granularityBits = 9 + random.nextInt(4);
        bitmaps.put(
            name, new Marks(granularityBits, true, new BitSet(), ByteBuffer.wrap(model.content())));
        return new BitmapChange.Add(name, 1L << granularityBits);
      }
      return switch (random.nextInt(5)) {
        case 0 -> {
          bitmaps.remove(name);
          yield new BitmapChange.Remove(name);
        }
        case 1 -> {
          bitmaps.put(
              name,
              new Marks(
                  marks.granularityBits,
                  marks.auto,
                  new BitSet(),
                  ByteBuffer.wrap(model.content())));
          yield new BitmapChange.Clear(name);
        }
        case 2 -> {
          // What it missed while it was disabled is not its business.
          bitmaps.put(
              name,
              new Marks(marks.granularityBits, true, marks.bits, ByteBuffer.wrap(model.content())));
          yield new BitmapChange.Enable(name);
        }
        case 3 -> {
          bitmaps.put(name, marks.with(false, marks.bits));
          yield new BitmapChange.Disable(name);
        }
        default -> merge(name, marks);
      };
    }

    private BitmapChange merge(String name, Marks marks) {
      List<String> names = List.copyOf(bitmaps.keySet());
      String source = names.get(random.nextInt(names.size()));
      Marks other = bitmaps.get(source);
      BitSet bits = (BitSet) marks.bits.clone();
      for (int i = 0; i < model.sizeBytes(); i += 512) {
        if (other.bits.get(i >>> other.granularityBits)) {
          bits.set(i >>> marks.granularityBits);
        }
      }
      bitmaps.put(name, marks.with(marks.auto, bits));
      return new BitmapChange.Merge(name, source, null);
    }
  }

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.version3(random);
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    DiskModel model = new DiskModel(volume, IMAGE, new byte[(int) spec.sizeBytes()]);
    Session session = new Session(volume, random, model);
    session.note(true);
    for (int i = 0; i < 2; i++) {
      try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
        for (int step = 0; step < 7; step++) {
          session.step(disk);
        }
        session.note(false);
      }
      model.durable();
      session.note(true);
    }
    return BitmapWork::check;
  }

  private static void check(CrashState state) throws IOException {
    LeftImage.requirePossible(state, IMAGE);
    requireBitmaps(state);
    LeftImage.requireOldOrNew(state, IMAGE);
  }

  private static void requireBitmaps(CrashState state) throws IOException {
    List<Stored> possible = new ArrayList<>();
    for (Object mark : state.marks()) {
      if (mark instanceof Stored stored) {
        if (stored.durable()) {
          possible.clear();
        }
        possible.add(stored);
      }
    }
    try (Qcow2Image disk = LeftImage.open(state.volume(), IMAGE, false)) {
      byte[] content = LeftImage.read(disk);
      TreeSet<String> names = new TreeSet<>();
      for (Bitmap bitmap : disk.bitmaps()) {
        names.add(bitmap.name());
        requireTrue(disk, bitmap, content, possible, state.marks().contains(Failure.HAPPENED));
      }
      assertThat(possible.stream().anyMatch(stored -> stored.bitmaps.keySet().equals(names)))
          .as("bitmaps of some moment: %s", names)
          .isTrue();
    }
  }

  private static void requireTrue(
      Qcow2Image disk, Bitmap bitmap, byte[] content, List<Stored> possible, boolean afterFailure)
      throws IOException {
    if (bitmap.inUse()) {
      return;
    }
    DirtyBits bits = disk.loadBitmap(bitmap);
    BitSet marked = new BitSet();
    for (int i = 0; i < content.length; i += 512) {
      if (bits.get(i)) {
        marked.set(i >>> bitmap.granularityBits());
      }
    }
    boolean known =
        possible.stream()
            .map(stored -> stored.bitmaps.get(bitmap.name()))
            .anyMatch(marks ->
                marks != null
                    && marks.granularityBits == bitmap.granularityBits()
                    && marks.auto == bitmap.auto()
                    && (marks.bits.equals(marked)
                        || (afterFailure && marks.auto && marks.isWithin(marked)))
                    && (!marks.auto || marks.coversChangesOf(content, marked)));
    assertThat(known)
        .as(
            "%s with marks %s is of some moment, and misses nothing since; possible: %s",
            bitmap, marked, describe(bitmap.name(), possible))
        .isTrue();
  }

  private static String describe(String name, List<Stored> possible) {
    return Arrays.toString(
        possible.stream()
            .map(stored -> stored.bitmaps.get(name))
            .map(marks -> marks == null ? "none" : marks.auto + " " + marks.bits)
            .toArray());
  }
}
