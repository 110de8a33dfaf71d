package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Commits end as qemu-img's do: same words, same content of every image of the chain, and an
 * overlay that holds nothing any more.
 */
final class CommitAgreementTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_121L);
  private static final int CHAINS = Integer.getInteger("qcow4j.commit.chains", 24);

  /** Where QEMU gives up: zeros for a base of version 2 over a backing file. We write them out. */
  private static final String NO_ZEROS_IN_VERSION_2 = "Block job failed: Operation not supported\n";

  private final QemuTools qemu = QemuTools.require();

  @TempDir Path directory;

  @Test
  void randomChainsEndAsQemuImgsDo() throws Exception {
    for (int i = 0; i < CHAINS; i++) {
      long seed = BASE_SEED + i;
      try {
        commit(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.commit.chains=1: " + e, e);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"snapshot -c s", "bitmap --add -g 64k"})
  void anOverlayThatKeepsSomethingGivesTheStorageOfAllElseBack(String keeping) throws Exception {
    SameCommand same = new SameCommand(qemu, directory);
    Files.write(same.master().resolve("base"), new byte[4 << 20]);
    Path overlay = same.master().resolve("overlay");
    qemu.createOverlay(overlay, "", "base", "raw");
    qemu.io(overlay, "write 0 1M");
    List<String> command = new ArrayList<>(List.of(keeping.split(" ", -1)));
    command.add(overlay.toString());
    if (keeping.startsWith("bitmap")) {
      command.add("b");
    }
    qemu.img(command).orFail();
    qemu.io(overlay, "write 512k 3M");
    SameCommand.Outcome outcome = same.run("commit @overlay").succeeded();
    Path ours = outcome.ourDirectory().resolve("overlay");
    Path theirs = outcome.theirDirectory().resolve("overlay");
    qemu.assertCheckClean(ours);
    assertThat(allocatedBytes(ours)).isLessThanOrEqualTo(allocatedBytes(theirs) + (256 << 10));
  }

  private static long allocatedBytes(Path file) throws IOException {
    return Volumes.host().status(file).allocatedBytes();
  }

  @Test
  void noHeaderIsCommittedToABaseWhoseFormatIsAGuess() throws Exception {
    SameCommand same = new SameCommand(qemu, directory);
    Path base = same.master().resolve("base");
    Files.write(base, new byte[1 << 20]);
    Path overlay = same.master().resolve("overlay");
    qemu.createOverlay(overlay, "", "base", "raw");
    Path header = directory.resolve("header");
    Files.write(header, Arrays.copyOf(new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 3}, 4096));
    qemu.io(overlay, "write -s " + header + " 0 4096");
    try (ImageSurgeon surgeon = ImageSurgeon.open(overlay)) {
      surgeon.extensions().remove(HeaderExtensions.BACKING_FORMAT).rewrite();
    }
    SameCommand.Outcome outcome = same.run("commit @overlay").agreed();
    assertThat(outcome.ours().exitCode()).isEqualTo(1);
    assertThat(Files.readAllBytes(outcome.ourDirectory().resolve("base"))).containsOnly(0);
  }

  private void commit(Random random) {
    TwinChains twins = TwinChains.in(directory);
    twins.clear();
    String base = random.nextBoolean() ? "base.raw" : "base.qcow2";
    makeChain(twins, base, random);
    twins.copy();
    List<String> command = new ArrayList<>(List.of("commit"));
    boolean pastBacking = random.nextInt(3) == 0;
    boolean dropping = pastBacking || random.nextInt(4) == 0;
    if (pastBacking) {
      command.addAll(List.of("-b", base));
    } else if (dropping) {
      command.add("-d");
    }
    Path before = twins.content(twins.theirs(), "top.qcow2");
    ToolRun theirs = qemu.img(with(command, twins.theirs().resolve("top.qcow2")));
    OurRun ours = OurRun.asQemuImg(with(command, twins.ours().resolve("top.qcow2")));

    boolean theyCannot = theirs.stderr().endsWith(NO_ZEROS_IN_VERSION_2);
    if (theyCannot) {
      assertThat(ours.stdout()).isEqualTo("Image committed.\n");
    } else {
      assertThat(ours.stderr()).isEqualTo(theirs.stderr());
      assertThat(ours.stdout()).isEqualTo(theirs.stdout());
      assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
    }
    Path after = twins.content(twins.ours(), "top.qcow2");
    assertThat(qemu.rawFilesEqual(before, after)).as("the overlay shows the same").isTrue();
    for (String image : List.of(base, "mid.qcow2", "top.qcow2")) {
      if (!theyCannot) {
        twins.requireSameContent(image);
      }
      if (image.endsWith(".qcow2")) {
        qemu.assertCheckClean(twins.ours().resolve(image));
      }
    }
    if (!dropping) {
      assertEmpty(twins.ours().resolve("top.qcow2"));
    }
  }

  private static void makeChain(TwinChains twins, String base, Random random) {
    if (base.endsWith(".raw")) {
      twins.raw(base, size(random), random);
    } else {
      twins.qcow2(base, TwinChains.options(random), "", size(random), random);
    }
    twins.qcow2("mid.qcow2", TwinChains.options(random), base, size(random), random);
    twins.qcow2("top.qcow2", TwinChains.options(random), "mid.qcow2", size(random), random);
  }

  private static long size(Random random) {
    return 512L * (1 + random.nextInt(3000));
  }

  private static List<String> with(List<String> command, Path image) {
    List<String> all = new ArrayList<>(command);
    all.add(image.toString());
    return all;
  }

  private void assertEmpty(Path image) {
    String map = OurRun.asQcow4j("map", "--output=json", image.toString()).stdout();
    assertThat(map).doesNotContain("\"depth\": 0, \"present\": true");
  }

  @Test
  void anEmptiedOverlayIsAsSmallAsANewOneAndASecondCommitMovesNothing() throws Exception {
    TwinChains twins = TwinChains.in(directory);
    twins.raw("base.raw", 8 << 20, new Random(1));
    twins.qcow2("top.qcow2", "", "base.raw", 8 << 20, new Random(2));
    qemu.io(twins.theirs().resolve("top.qcow2"), "write -P 7 0 8M");
    twins.copy();
    Path top = twins.ours().resolve("top.qcow2");

    assertThat(OurRun.asQemuImg("commit", top.toString()).stdout()).isEqualTo("Image committed.\n");
    assertThat(Files.size(top)).isEqualTo(4 << 16);
    qemu.assertCheckClean(top);
    assertThat(OurRun.asQemuImg("commit", "-q", top.toString()).stdout()).isEmpty();
  }
}
