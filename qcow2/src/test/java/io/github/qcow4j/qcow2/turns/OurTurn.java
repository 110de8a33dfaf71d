package io.github.qcow4j.qcow2.turns;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.turns.TurnModel.Range;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A turn of this library: the image is opened, changed and closed. */
final class OurTurn {

  private static final int MAX_STEPS = 6;

  private final Volume volume = Volumes.host();
  private final Path image;
  private final TurnModel model;
  private final Random random;

  OurTurn(Path image, TurnModel model, Random random) {
    this.image = image;
    this.model = model;
    this.random = random;
  }

  /** Does something to the image and the model. */
  void run() throws IOException {
    TurnModel.Change change = model.anyChange();
    model.did("ours: " + change);
    if (change == TurnModel.Change.COMMIT) {
      commit();
      return;
    }
    try (Qcow2Image disk = open(options().withWriting())) {
      switch (change) {
        case NONE -> {}
        case TAKE_SNAPSHOT -> disk.createSnapshot(model.takeSnapshot(), Instant.EPOCH);
        case APPLY_SNAPSHOT -> disk.applySnapshot(named(disk, model.applySnapshot()));
        case DELETE_SNAPSHOT -> disk.deleteSnapshot(named(disk, model.deleteSnapshot()));
        case RESIZE -> disk.resize(model.resize());
        case COMMIT -> throw new AssertionError("done already");
      }
      int steps = random.nextInt(MAX_STEPS);
      for (int i = 0; i < steps; i++) {
        step(disk);
      }
    }
  }

  private void commit() throws IOException {
    Commit.run(
        volume,
        image,
        ReferencePolicy.sameDirectory(),
        options(),
        new CommitOptions(null, true, 1, 0),
        new JobControl());
  }

  private void step(Qcow2Image disk) throws IOException {
    Range range = model.anyRange();
    switch (random.nextInt(8)) {
      case 0 -> {
        model.did("ours: zeroes " + range);
        disk.writeZeroes(range.start(), range.length(), random.nextBoolean());
        model.fill(range, 0);
      }
      case 1 -> {
        model.did("ours: discard " + range);
        disk.discard(range.start(), range.length());
        model.discard(range);
      }
      case 2, 3 -> compress(disk, range.start() & -disk.header().clusterSize());
      case 4 -> disk.sync();
      default -> {
        model.did("ours: write " + range);
        byte[] data = new byte[range.length()];
        random.nextBytes(data);
        disk.write(range.start(), ByteBuffer.wrap(data));
        model.write(range, data);
      }
    }
  }

  private void compress(Qcow2Image disk, int start) throws IOException {
    int clusterBytes = disk.header().clusterSize();
    byte[] cluster = new byte[clusterBytes];
    byte value = (byte) random.nextInt();
    Range range = new Range(start, Math.min(model.length(), start + clusterBytes));
    for (int i = 0; i < range.length(); i++) {
      cluster[i] = random.nextInt(4) == 0 ? (byte) random.nextInt() : value;
    }
    try (ClusterEncoder encoder =
        ClusterEncoder.of(disk.header().compressionType(), ClusterEncoder.DEFAULT_LEVEL)) {
      ByteBuffer direct = ByteBuffer.allocateDirect(clusterBytes).put(cluster).flip();
      ByteBuffer compressed = ByteBuffer.allocateDirect(clusterBytes - 1);
      if (encoder.encode(direct, compressed)) {
        model.did("ours: compressed " + range);
        disk.writeCompressed(start, compressed.flip());
        model.write(range, cluster);
      }
    }
  }

  /** A run of clusters that hold nothing in this layer, if chance finds one. */
  Optional<Range> unallocated() throws IOException {
    if (model.setup().refcountBits() == 1 || random.nextInt(3) > 0) {
      return Optional.empty();
    }
    int clusterBytes = model.setup().clusterBytes();
    int start = random.nextInt(model.length()) & -clusterBytes;
    try (Qcow2Image disk = open(options())) {
      Extent extent = disk.extentAt(start, 3L * clusterBytes);
      boolean nothing =
          extent.depth() > 0
              || (disk.backing() == null && extent.kind() == Extent.Kind.UNALLOCATED);
      long clusters = extent.lengthBytes() / clusterBytes;
      return nothing && clusters > 0
          ? Optional.of(new Range(start, (int) (start + clusters * clusterBytes)))
          : Optional.empty();
    }
  }

  /** Fails unless the disk and all its snapshots show what they must. */
  void look() throws IOException {
    try (Qcow2Image disk = open(options())) {
      assertThat(disk.virtualSize()).isEqualTo(model.length());
      assertShows(disk, model.disk(), "the disk");
      assertThat(disk.snapshots()).hasSameSizeAs(model.snapshots().entrySet());
      for (InternalSnapshot snapshot : disk.snapshots()) {
        Qcow2Image view = disk.openSnapshot(snapshot);
        assertShows(view, model.snapshots().get(snapshot.name()), snapshot.name());
      }
    }
  }

  private static void assertShows(Qcow2Image disk, byte[] expected, String what)
      throws IOException {
    ByteBuffer all = ByteBuffer.allocate(expected.length);
    disk.read(0, all);
    assertThat(Arrays.mismatch(all.array(), expected))
        .as("first byte of " + what + " that is wrong")
        .isEqualTo(-1);
  }

  private static InternalSnapshot named(Qcow2Image disk, String name) {
    List<InternalSnapshot> found =
        disk.snapshots().stream().filter(snapshot -> snapshot.name().equals(name)).toList();
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  private Qcow2Image open(ImageOptions options) throws IOException {
    return (Qcow2Image) DiskImages.open(volume, image, ReferencePolicy.sameDirectory(), options);
  }

  private static ImageOptions options() {
    return ImageOptions.of(ImageFormat.QCOW2);
  }
}
