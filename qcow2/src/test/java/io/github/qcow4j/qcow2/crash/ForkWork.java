package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Exchange;
import io.github.qcow4j.nativeio.Fork;
import io.github.qcow4j.nativeio.SwitchState;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.VolumeCalls;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A disk that is frozen and written to, several times, and restored from what was frozen. Whatever
 * a power cut leaves, the live name opens and shows the old disk or the new one, and what was
 * frozen stays as it was; where the file system forced a moment without the live name, the names
 * bring it back.
 *
 * @param restoring whether the disk is restored between, by exchange
 */
record ForkWork(boolean restoring) implements CrashWorkload {

  private static final Path LIVE = Path.of("/disk.qcow2");
  private static final Path CHILD = Path.of("/child.qcow2");
  private static final int ROUNDS = 3;

  /** The mark of a switch that begins. */
  private record Switching(Path frozen, boolean liveMayBeMissing) {}

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SmallChain chain = new SmallChain(volume, random);
    chain.qcow2(LIVE, null, "raw");
    boolean linksRefused = random.nextInt(4) == 0;
    Volume seen = linksRefused ? VolumeCalls.withoutLinks(volume) : volume;
    byte[] content = LeftImage.version(volume, LIVE, true).content().array();
    volume.settle();
    DiskModel model = new DiskModel(volume, LIVE, content);
    for (int round = 0; round < ROUNDS; round++) {
      Path frozen = name("frozen", round);
      volume.mark(new Switching(frozen, linksRefused));
      fork(seen, frozen, model, random);
      volume.mark(version(frozen, model.content()));
      byte[] atFork = model.content();
      write(volume, model, random);
      if (restoring) {
        Path kept = name("kept", round);
        byte[] replaced = model.content();
        volume.mark(new Switching(kept, linksRefused));
        restore(seen, frozen, kept, model, atFork, random);
        volume.mark(version(kept, replaced));
        write(volume, model, random);
      }
    }
    return ForkWork::check;
  }

  private static Path name(String kind, int round) {
    return Path.of("/" + kind + "-" + round + ".qcow2");
  }

  private static DiskVersion version(Path path, byte[] content) {
    return new DiskVersion(path, ByteBuffer.wrap(content), List.of(), true);
  }

  private static void fork(Volume volume, Path frozen, DiskModel model, Random random)
      throws IOException {
    Fork fork = new Fork(volume, LIVE, frozen, CHILD);
    try (BlockFile file = fork.createChild()) {
      overlay(file, frozen, model.sizeBytes(), random);
      fork.run(file);
    }
    model.durable();
  }

  private static void restore(
      Volume volume, Path from, Path kept, DiskModel model, byte[] content, Random random)
      throws IOException {
    Exchange exchange = new Exchange(volume, LIVE, kept, CHILD);
    try (BlockFile file = exchange.createFresh()) {
      overlay(file, from, content.length, random);
      model.mayBecome(content);
      exchange.run(file);
    }
    model.durable();
  }

  private static void overlay(BlockFile file, Path below, int sizeBytes, Random random)
      throws IOException {
    ImageCreation.writeFresh(
        file,
        ImageSpecs.random(random, sizeBytes).withBacking(below.getFileName().toString(), "qcow2"),
        new JobControl());
  }

  private static void write(Volume volume, DiskModel model, Random random) throws IOException {
    try (Qcow2Image disk = LeftImage.open(volume, LIVE, true)) {
      for (int i = 0; i < 2; i++) {
        int from = random.nextInt(model.sizeBytes());
        int length = 1 + random.nextInt(Math.min(model.sizeBytes() - from, 9000));
        model.write(disk, from, RandomChanges.randomBytes(random, length));
      }
    }
    model.durable();
  }

  private static void check(CrashState state) throws IOException {
    Volume volume = state.volume();
    if (!volume.exists(LIVE)) {
      bringBack(state);
    }
    for (Object mark : state.marks()) {
      if (mark instanceof DiskVersion frozen && !frozen.image().equals(LIVE)) {
        LeftImage image = new LeftImage(volume, frozen.image());
        image.requireNoCorruption();
        image.requireOneOf(List.of(frozen));
      }
    }
    LeftImage.requireOldOrNew(state, LIVE);
  }

  private static void bringBack(CrashState state) throws IOException {
    Switching last =
        (Switching)
            state.marks().stream()
                .filter(Switching.class::isInstance)
                .reduce((earlier, later) -> later)
                .orElseThrow();
    assertThat(last.liveMayBeMissing()).as("a disk is gone").isTrue();
    Fork fork = new Fork(state.volume(), LIVE, last.frozen(), CHILD);
    assertThat(fork.state()).isEqualTo(SwitchState.BETWEEN);
    if (state.volume().exists(CHILD) && state.id().hashCode() % 2 == 0) {
      fork.rollForward();
    } else {
      fork.rollBack();
    }
  }
}
