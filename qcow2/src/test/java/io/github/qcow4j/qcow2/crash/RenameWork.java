package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Another backing file by its name alone: the overlay shows the old one or the new one, and never
 * takes one for the other's format.
 */
final class RenameWork implements CrashWorkload {

  private static final Path TOP = Path.of("/disk.qcow2");

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SmallChain chain = new SmallChain(volume, random);
    Path raw = RebaseWork.name("r", random);
    Path base = RebaseWork.name("b", random);
    chain.raw(raw);
    chain.qcow2(base, null, "raw");
    boolean fromRaw = random.nextBoolean();
    chain.qcow2(TOP, fromRaw ? raw : base, fromRaw ? "raw" : "qcow2");
    volume.settle();
    HeaderVersion header = HeaderVersion.inFile(volume, TOP);
    LeftImage.noteDurable(volume, TOP);
    volume.mark(header);
    for (int step = 0; step < 3; step++) {
      BackingName next =
          switch (random.nextInt(3)) {
            case 0 -> null;
            case 1 -> BackingName.of(raw.getFileName().toString(), ImageFormat.RAW);
            default -> BackingName.of(base.getFileName().toString(), ImageFormat.QCOW2);
          };
      header = header.over(next);
      volume.mark(header);
      volume.mark(new DiskVersion(TOP, ByteBuffer.wrap(over(volume, next)), List.of(), false));
      Rebase.rename(volume, TOP, ImageOptions.of(ImageFormat.QCOW2), next);
      volume.mark(header.asDurable());
      LeftImage.noteDurable(volume, TOP);
    }
    return RenameWork::check;
  }

  /** What the overlay would show over another backing file. */
  private static byte[] over(SimulatedVolume volume, BackingName next) throws IOException {
    byte[] below = next == null ? new byte[0] : content(volume, next);
    try (Qcow2Image disk = LeftImage.open(volume, TOP, false)) {
      byte[] shown = LeftImage.read(disk);
      ExtentWalk extents = disk.extents(0, shown.length);
      for (Extent extent = extents.next(); extent != null; extent = extents.next()) {
        if (extent.depth() > 0 || extent.kind() == Extent.Kind.UNALLOCATED) {
          int from = (int) extent.guestOffset();
          int to = (int) extent.end();
          Arrays.fill(shown, from, to, (byte) 0);
          int inside = Math.min(to, below.length) - from;
          System.arraycopy(below, Math.min(from, below.length), shown, from, Math.max(0, inside));
        }
      }
      return shown;
    }
  }

  private static byte[] content(SimulatedVolume volume, BackingName name) throws IOException {
    Path path = TOP.resolveSibling(name.name());
    try (DiskImage disk =
        DiskImages.open(
            volume,
            path,
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.byLabel(name.format()).orElseThrow()))) {
      return LeftImage.read(disk);
    }
  }

  private static void check(CrashState state) throws IOException {
    LeftImage image = new LeftImage(state.volume(), TOP);
    image.requireNoCorruption();
    HeaderVersion.requirePossible(state, TOP);
    ByteBuffer content = LeftImage.version(state.volume(), TOP, false).content();
    assertThat(LeftImage.possible(state.marks(), TOP))
        .as("the overlay shows the old backing file or the new one")
        .anyMatch(version -> version.content().equals(content));
  }
}
