package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
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
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Bitmaps that an image gets from another one, as copies and by a merge: all of those that a change
 * adds are there, or none.
 */
final class BitmapCopyWork implements CrashWorkload {

  private static final Path SOURCE = Path.of("/source.qcow2");
  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final String OWN = "own";

  /** The bitmaps that an image may have from some moment on, with the sectors that they mark. */
  private record Bitmaps(Map<String, BitSet> marks, boolean durable) {}

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.version3(random);
    make(volume, SOURCE, spec, List.of("first", "second"), random);
    make(volume, IMAGE, spec, List.of(OWN), random);
    Map<String, BitSet> others = bitmaps(volume, SOURCE);
    Map<String, BitSet> own = bitmaps(volume, IMAGE);
    DiskVersion disk = LeftImage.version(volume, IMAGE, true);
    volume.settle();
    volume.mark(disk);
    volume.mark(new Bitmaps(own, true));
    Map<String, BitSet> all = new TreeMap<>(own);
    all.putAll(others);
    Map<String, BitSet> merged = new TreeMap<>(all);
    BitSet sum = (BitSet) all.get(OWN).clone();
    sum.or(all.get("first"));
    merged.put(OWN, sum);
    try (Qcow2Image source = LeftImage.open(volume, SOURCE, false);
        Qcow2Image target = LeftImage.open(volume, IMAGE, true)) {
      volume.mark(new Bitmaps(all, false));
      assertThat(target.copyBitmaps(source, false)).isEmpty();
      volume.mark(new Bitmaps(all, true));
      volume.mark(new Bitmaps(merged, false));
      target.changeBitmaps(List.of(new BitmapChange.Merge(OWN, "first", source.bitmapSource())));
      volume.mark(new Bitmaps(merged, true));
    }
    return BitmapCopyWork::check;
  }

  static void make(
      SimulatedVolume volume, Path path, ImageSpec spec, List<String> names, Random random)
      throws IOException {
    ImageCreation.create(volume, path, spec);
    try (Qcow2Image disk = LeftImage.open(volume, path, true)) {
      for (String name : names) {
        disk.changeBitmaps(List.of(new BitmapChange.Add(name, DiskVersion.SECTOR_BYTES)));
        int from = random.nextInt((int) spec.sizeBytes());
        int length = 1 + random.nextInt((int) spec.sizeBytes() - from);
        disk.write(from, ByteBuffer.wrap(RandomChanges.randomBytes(random, length)));
      }
    }
  }

  /** Those of an image, with the sectors that they mark. */
  static Map<String, BitSet> bitmaps(Volume volume, Path path) throws IOException {
    Map<String, BitSet> all = new TreeMap<>();
    try (Qcow2Image disk = LeftImage.open(volume, path, false)) {
      for (Bitmap bitmap : disk.bitmaps()) {
        assertThat(bitmap.inUse()).as("%s: %s is in use", path, bitmap.name()).isFalse();
        DirtyBits bits = disk.loadBitmap(bitmap);
        BitSet marks = new BitSet();
        for (int at = 0; at < disk.virtualSize(); at += DiskVersion.SECTOR_BYTES) {
          marks.set(at / DiskVersion.SECTOR_BYTES, bits.get(at));
        }
        all.put(bitmap.name(), marks);
      }
    }
    return all;
  }

  private static void check(CrashState state) throws IOException {
    LeftImage.requirePossible(state, IMAGE);
    List<Map<String, BitSet>> possible = new ArrayList<>();
    for (Object mark : state.marks()) {
      if (mark instanceof Bitmaps bitmaps) {
        if (bitmaps.durable()) {
          possible.clear();
        }
        possible.add(bitmaps.marks());
      }
    }
    assertThat(bitmaps(state.volume(), IMAGE)).isIn(possible);
    LeftImage.requireOldOrNew(state, IMAGE);
  }
}
