package io.github.qcow4j.cli.fuzz;

import static io.github.qcow4j.cli.fuzz.FuzzTarget.FILE;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.inspect.ChainSurvey;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** What is done with bytes that are said to be an image. */
final class ImageAttacks {

  static final Path CHAINS = Path.of("/chain");
  static final Path TOP = CHAINS.resolve("top.qcow2");

  private static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);

  /** So far into a disk goes one input; what comes behind is nothing new. */
  private static final int MOST_EXTENTS = 256;

  private static final int MOST_BYTES = 1 << 16;

  private ImageAttacks() {}

  static void inspect(Volume volume, byte[] input) throws IOException {
    Object _ = ImageInspector.inspect(volume, FILE, QCOW2);
  }

  static void read(Volume volume, byte[] input) throws IOException {
    try (Qcow2Image image = open(volume, QCOW2)) {
      walk(image);
      for (InternalSnapshot snapshot : firstOf(image.snapshots())) {
        try {
          walk(image.openSnapshot(snapshot));
        } catch (IOException e) {
          // The next one may be sound.
        }
      }
      for (Bitmap bitmap : firstOf(image.bitmaps())) {
        if (!bitmap.inUse()) {
          Object _ = image.loadBitmap(bitmap);
        }
      }
    }
  }

  private static void walk(DiskImage disk) throws IOException {
    long position = 0;
    for (int i = 0; i < MOST_EXTENTS && position < disk.virtualSize(); i++) {
      long step = Math.min(disk.virtualSize() - position, 512);
      try {
        Extent extent = disk.extentAt(position, disk.virtualSize() - position);
        step = extent.lengthBytes();
        disk.read(position, ByteBuffer.allocate((int) Math.min(step, MOST_BYTES)));
      } catch (IOException e) {
        // Behind a damaged cluster there may be others.
      }
      position += step;
    }
  }

  static void check(Volume volume, byte[] input) throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, FILE)) {
      Object _ = check.run(finding -> {}, new JobControl());
    }
  }

  static void repair(Volume volume, byte[] input) throws IOException {
    try (ImageRepair repair = ImageRepair.open(volume, FILE)) {
      Object _ = repair.run(RepairScope.ALL, finding -> {}, new JobControl());
    }
    check(volume, input);
    read(volume, input);
  }

  static void write(Volume volume, byte[] input) throws IOException {
    for (Change change : Change.values()) {
      try (Qcow2Image image = open(volume, QCOW2.withWriting())) {
        change.make(image);
      } catch (IOException e) {
        // Another change may be possible.
      }
    }
  }

  private enum Change {
    DATA,
    SNAPSHOT,
    ZEROES,
    BITMAP,
    DELETE,
    SIZE,
    DISCARD,
    APPLY;

    void make(Qcow2Image image) throws IOException {
      List<InternalSnapshot> snapshots = image.snapshots();
      switch (this) {
        case DATA -> {
          if (image.virtualSize() >= 1024) {
            image.write(512, ByteBuffer.wrap(new byte[] {1, 2, 3}));
          }
        }
        case SNAPSHOT -> image.createSnapshot("s", Instant.EPOCH);
        case ZEROES -> image.writeZeroes(0, Math.min(image.virtualSize(), 1024), true);
        case BITMAP -> image.changeBitmaps(List.of(new BitmapChange.Add("new", 0)));
        case DELETE -> {
          if (!snapshots.isEmpty()) {
            image.deleteSnapshot(snapshots.getFirst());
          }
        }
        case SIZE -> image.resize(Math.min(image.virtualSize(), 1L << 32) / 1024 * 512);
        case DISCARD -> image.discard(0, Math.min(image.virtualSize(), 1 << 20));
        case APPLY -> {
          if (!snapshots.isEmpty()) {
            image.applySnapshot(snapshots.getFirst());
          }
        }
      }
    }
  }

  /**
   * The input is the files of a chain; or else a name, up to a zero byte, and the format behind it.
   */
  static void follow(SimulatedVolume volume, byte[] input) throws IOException {
    if (PackedFiles.areIn(input)) {
      PackedFiles.unpack(volume, CHAINS, input);
      follow(volume, TOP);
      return;
    }
    Path top = Path.of("/d/top.qcow2");
    byte[] image = FuzzSeeds.namingImage(input);
    if (image.length > 0) {
      FuzzTarget.write(volume, top, image);
      follow(volume, top);
    }
  }

  private static void follow(Volume volume, Path top) throws IOException {
    for (ReferencePolicy policy :
        List.of(ReferencePolicy.sameDirectory(), ReferencePolicy.allowAndProbe())) {
      Object _ = ChainSurvey.survey(volume, top, policy, QCOW2);
      try (DiskImage chain = DiskImages.open(volume, top, policy, QCOW2)) {
        walk(chain);
      }
    }
  }

  private static Qcow2Image open(Volume volume, ImageOptions options) throws IOException {
    return (Qcow2Image) DiskImages.open(volume, FILE, ReferencePolicy.deny(), options);
  }

  private static <T> List<T> firstOf(List<T> all) {
    return all.subList(0, Math.min(all.size(), 4));
  }
}
