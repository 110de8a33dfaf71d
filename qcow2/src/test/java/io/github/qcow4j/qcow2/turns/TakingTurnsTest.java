package io.github.qcow4j.qcow2.turns;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * QEMU's programs and this library change one image by turns, a thousand of them: writes, zeroes,
 * discards, compressed writes, snapshots, sizes and commits. After every turn this library's check
 * is clean and the disk and its snapshots show what they must; every so often, and in the end,
 * QEMU's check is clean and QEMU reads the same.
 */
class TakingTurnsTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 20_261_120L);
  private static final int IMAGES = Integer.getInteger("qcow4j.turns.images", 4);
  private static final int TURNS = Integer.getInteger("qcow4j.turns", 1000);

  /** For the images after the first. */
  private static final int FEWER_TURNS = Integer.getInteger("qcow4j.turns.fewer", 200);

  private static final int TURNS_UNTIL_QEMU_LOOKS = 20;

  @TempDir private Path directory;

  @Test
  void anImageStaysCleanWhileTwoProgramsChangeItByTurns() throws Exception {
    QemuTools qemu = QemuTools.require();
    for (int i = 0; i < IMAGES; i++) {
      takeTurns(qemu, SEED + i, i == 0 ? TURNS : FEWER_TURNS);
    }
  }

  private void takeTurns(QemuTools qemu, long seed, int turns) throws IOException {
    Random random = new Random(seed);
    TurnSetup setup = TurnSetup.drawn(random, (int) (seed % 4));
    Path image = directory.resolve("image-" + seed + ".qcow2");
    TurnModel model = new TurnModel(setup, random, create(qemu, setup, image, random));
    QemuTurn theirs = new QemuTurn(qemu, image, model, random);
    OurTurn ours = new OurTurn(image, model, random);
    for (int turn = 1; turn <= turns; turn++) {
      try {
        if (turn % 2 == 0) {
          ours.run();
        } else {
          theirs.run(ours.unallocated());
        }
        ours.look();
        assertOurCheckClean(image);
        if (turn % TURNS_UNTIL_QEMU_LOOKS == 0 || turn == turns) {
          qemuLooks(qemu, image, model, turn == turns);
        }
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(
            "turn %d; replay with -Dqcow4j.seed=%d -Dqcow4j.turns.images=1%n%s%n%s%n%s"
                .formatted(turn, seed, setup, model.lately(), e),
            e);
      }
    }
  }

  /** Makes the image, and what it is to show at first. */
  private byte[] create(QemuTools qemu, TurnSetup setup, Path image, Random random)
      throws IOException {
    byte[] disk = new byte[setup.diskBytes()];
    List<String> arguments =
        new ArrayList<>(List.of("create", "-q", "-f", "qcow2", "-o", setup.options()));
    if (setup.backed()) {
      byte[] content = new byte[TurnSetup.anySize(random, setup.clusterBytes())];
      random.nextBytes(content);
      System.arraycopy(content, 0, disk, 0, Math.min(content.length, disk.length));
      Path raw = image.resolveSibling("content.raw");
      Path base = image.resolveSibling(image.getFileName() + ".base");
      Files.write(raw, content);
      qemu.img("convert", "-f", "raw", "-O", setup.backingFormat(), raw.toString(), base.toString())
          .orFail();
      arguments.addAll(List.of("-b", base.getFileName().toString(), "-F", setup.backingFormat()));
    }
    arguments.addAll(List.of(image.toString(), Integer.toString(setup.diskBytes())));
    qemu.img(arguments).orFail();
    return disk;
  }

  private static void assertOurCheckClean(Path image) throws IOException {
    List<Object> findings = new ArrayList<>();
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      CheckReport report = check.run(findings::add, new JobControl());
      assertThat(report.outcome())
          .as("findings: " + findings)
          .isEqualTo(CheckReport.Outcome.CONSISTENT);
    }
  }

  private void qemuLooks(QemuTools qemu, Path image, TurnModel model, boolean atSnapshotsToo)
      throws IOException {
    qemu.assertCheckClean(image);
    Path raw = directory.resolve("looked.raw");
    qemu.convertToRaw(image, raw);
    assertThat(Files.size(raw)).isEqualTo(model.length());
    assertSame(raw, model.disk(), "the disk");
    if (atSnapshotsToo) {
      for (Map.Entry<String, byte[]> snapshot : model.snapshots().entrySet()) {
        // QEMU takes the disk's size for it; what a longer disk shows there means nothing.
        qemu.convertToRaw(image, "qcow2", raw, "-l", "snapshot.name=" + snapshot.getKey());
        assertThat(Files.size(raw)).isEqualTo(model.length());
        assertSame(raw, snapshot.getValue(), "snapshot " + snapshot.getKey());
      }
    }
  }

  private static void assertSame(Path raw, byte[] expected, String what) throws IOException {
    byte[] shown = Files.readAllBytes(raw);
    int length = Math.min(shown.length, expected.length);
    assertThat(Arrays.mismatch(shown, 0, length, expected, 0, length))
        .as("first byte of " + what + " that QEMU reads differently")
        .isEqualTo(-1);
  }
}
