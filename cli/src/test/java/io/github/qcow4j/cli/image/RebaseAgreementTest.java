package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rebases end as qemu-img's do: same words, same header, and a disk that stays as it is. */
final class RebaseAgreementTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_122L);
  private static final int CHAINS = Integer.getInteger("qcow4j.rebase.chains", 16);

  private final QemuTools qemu = QemuTools.require();

  @TempDir Path directory;

  @Test
  void randomChainsEndAsQemuImgsDo() throws Exception {
    for (int i = 0; i < CHAINS; i++) {
      long seed = BASE_SEED + i;
      try {
        rebase(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.rebase.chains=1: " + e, e);
      }
    }
  }

  private void rebase(Random random) throws Exception {
    TwinChains twins = TwinChains.in(directory);
    twins.clear();
    makeImages(twins, random);
    twins.copy();
    List<String> command = new ArrayList<>(List.of("rebase"));
    command.addAll(target(random));
    Path before = twins.content(twins.theirs(), "top.qcow2");
    ToolRun theirs = qemu.img(with(command, twins.theirs().resolve("top.qcow2")));
    OurRun ours = OurRun.asQemuImg(with(command, twins.ours().resolve("top.qcow2")));

    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.stdout()).isEqualTo(theirs.stdout());
    assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
    assertUnchanged(twins, before);
    assertThat(backing(twins.ours())).isEqualTo(backing(twins.theirs()));
  }

  private static List<String> target(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> List.of("-b", "");
      case 1 -> List.of("-b", "base.raw", "-F", "raw");
      case 2 -> List.of("-b", "mid.qcow2", "-F", "qcow2");
      default -> List.of("-b", "other.qcow2", "-F", "qcow2");
    };
  }

  private static void makeImages(TwinChains twins, Random random) throws Exception {
    twins.raw("base.raw", size(random), random);
    twins.qcow2("mid.qcow2", TwinChains.options(random), "base.raw", size(random), random);
    String below = random.nextInt(3) == 0 ? "base.raw" : "mid.qcow2";
    twins.qcow2("low.qcow2", TwinChains.options(random), below, size(random), random);
    // Much the same as what is below the overlay now, and not quite.
    Files.copy(twins.theirs().resolve("low.qcow2"), twins.theirs().resolve("other.qcow2"));
    twins.write("other.qcow2", random);
    twins.qcow2("top.qcow2", TwinChains.options(random), "low.qcow2", size(random), random);
  }

  private static long size(Random random) {
    return 512L * (1 + random.nextInt(3000));
  }

  private static List<String> with(List<String> command, Path image) {
    List<String> all = new ArrayList<>(command);
    all.add(image.toString());
    return all;
  }

  private void assertUnchanged(TwinChains twins, Path before) {
    Path after = twins.content(twins.ours(), "top.qcow2");
    assertThat(qemu.rawFilesEqual(before, after)).as("the disk stays as it is").isTrue();
    qemu.assertCheckClean(twins.ours().resolve("top.qcow2"));
  }

  private String backing(Path folder) {
    String info = qemu.infoJson(folder.resolve("top.qcow2"));
    return info.lines().filter(line -> line.contains("\"backing-filename")).toList().toString();
  }

  @Test
  void zerosOfTheOldBackingFileBecomeDataWhenStandingInForQemuImgOnly() throws Exception {
    Path image = directory.resolve("over.qcow2");
    qemu.create(directory.resolve("empty.qcow2"), "", 1 << 20);
    qemu.create(directory.resolve("full.qcow2"), "", 2 << 20);
    qemu.io(directory.resolve("full.qcow2"), "write -P 2 0 2M");
    qemu.in(directory).img("create -q -f qcow2 -b empty.qcow2 -F qcow2 over.qcow2 2M".split(" "));
    Path copy = Files.copy(image, directory.resolve("copy.qcow2"));
    Path own = Files.copy(image, directory.resolve("own.qcow2"));
    List<String> command = List.of("rebase", "-b", "full.qcow2", "-F", "qcow2");

    qemu.img(with(command, copy)).orFail();
    assertThat(OurRun.asQemuImg(with(command, image)).exitCode()).isZero();
    assertThat(OurRun.asQcow4j(with(command, own).toArray(String[]::new)).exitCode()).isZero();

    assertThat(qemu.mapJson(image)).isEqualTo(qemu.mapJson(copy));
    assertThat(qemu.mapJson(own)).contains("\"length\": 2097152").contains("\"zero\": true");
  }

  @Test
  void flattenedImagesStandAloneAndCompressedCopiesReadTheSame() throws Exception {
    for (int i = 0; i < CHAINS; i++) {
      Random random = new Random(BASE_SEED + i);
      TwinChains twins = TwinChains.in(directory);
      twins.clear();
      makeImages(twins, random);
      twins.copy();
      Path before = twins.content(twins.theirs(), "top.qcow2");
      String top = twins.ours().resolve("top.qcow2").toString();
      OurRun run =
          random.nextBoolean()
              ? OurRun.asQcow4j("flatten", top)
              : OurRun.asQcow4j("flatten", "-c", top);
      assertThat(run.stdout()).startsWith("Image flattened: ").endsWith(" bytes) shared.\n");
      assertThat(run.exitCode()).as("seed " + (BASE_SEED + i) + " " + run).isZero();
      assertUnchanged(twins, before);
      assertThat(backing(twins.ours())).isEqualTo("[]");
    }
  }

  @Test
  void flatteningRefusesToChangeWhatASnapshotShowsAndDoesNotMindOneThatStandsAlone()
      throws Exception {
    TwinChains twins = TwinChains.in(directory);
    twins.raw("base.raw", 1 << 20, new Random(1));
    twins.qcow2("top.qcow2", "", "base.raw", 1 << 20, new Random(2));
    Path top = twins.theirs().resolve("top.qcow2");
    qemu.img("snapshot", "-c", "first", top.toString()).orFail();

    OurRun refused = OurRun.asQcow4j("flatten", top.toString());
    assertThat(refused.stderr()).contains("Snapshot 'first' shows the backing file");
    assertThat(refused.exitCode()).isEqualTo(1);

    qemu.img("snapshot", "-d", "first", top.toString()).orFail();
    qemu.io(top, "write -P 3 0 1M");
    qemu.img("snapshot", "-c", "second", top.toString()).orFail();
    OurRun done = OurRun.asQcow4j("flatten", "--json", top.toString());
    assertThat(done.stdout())
        .isEqualTo(
            """
            {
                "shared-bytes": 0,
                "copied-bytes": 0,
                "virtual-size": 1048576
            }
            """);
    qemu.assertCheckClean(top);
  }

  @Test
  void whatIsCopiedLiesTogetherAsItDoesForQemuImg() throws Exception {
    TwinChains twins = TwinChains.in(directory);
    QemuTools there = qemu.in(twins.theirs());
    for (String name : List.of("old.qcow2", "new.qcow2")) {
      there.create(Path.of(name), "", 1 << 20);
    }
    there.createOverlay(Path.of("top.qcow2"), "", "old.qcow2", "qcow2");
    there.io(Path.of("old.qcow2"), "write -P 17 0 128k", "write -P 17 192k 64k");
    there.io(Path.of("new.qcow2"), "write -P 34 64k 128k", "write -P 17 192k 64k");
    twins.copy();
    List<String> command = List.of("rebase", "-b", "new.qcow2", "-F", "qcow2");
    qemu.img(with(command, twins.theirs().resolve("top.qcow2"))).orFail();
    OurRun.asQemuImg(with(command, twins.ours().resolve("top.qcow2")));

    String ours = qemu.mapJson(twins.ours().resolve("top.qcow2"));
    assertThat(ours).isEqualTo(qemu.mapJson(twins.theirs().resolve("top.qcow2")));
  }

  @Test
  void sharingIsAboutTheNewBackingFile() throws Exception {
    TwinChains twins = TwinChains.in(directory);
    twins.raw("base.raw", 1 << 20, new Random(1));
    twins.qcow2("mid.qcow2", "", "base.raw", 1 << 20, new Random(2));
    twins.qcow2("top.qcow2", "", "base.raw", 1 << 20, new Random(3));
    twins.copy();
    List<String> command = List.of("rebase", "-U", "-b", "mid.qcow2", "-F", "qcow2");

    ToolRun theirs = qemu.img(with(command, twins.theirs().resolve("top.qcow2"))).orFail();
    OurRun ours = OurRun.asQemuImg(with(command, twins.ours().resolve("top.qcow2")));

    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.exitCode()).isZero();
    assertThat(backing(twins.ours())).isEqualTo(backing(twins.theirs()));
  }

  @Test
  void unsafeRebasesWriteTheSameHeaderAsQemuImg() throws Exception {
    Random random = new Random(BASE_SEED);
    for (int i = 0; i < CHAINS; i++) {
      TwinChains twins = TwinChains.in(directory);
      twins.clear();
      twins.qcow2("top.qcow2", TwinChains.options(random), "", 1 << 20, random);
      for (int step = 0; step < 4; step++) {
        twins.copy();
        List<String> command = new ArrayList<>(List.of("rebase", "-u"));
        if (random.nextInt(4) != 0) {
          String name = "x".repeat(random.nextInt(random.nextBoolean() ? 20 : 1100));
          command.addAll(List.of("-b", name, "-F", random.nextBoolean() ? "raw" : "qcow2"));
        }
        ToolRun theirs = qemu.img(with(command, twins.theirs().resolve("top.qcow2")));
        OurRun ours = OurRun.asQemuImg(with(command, twins.ours().resolve("top.qcow2")));

        assertThat(ours.stderr()).isEqualTo(theirs.stderr());
        assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
        assertThat(backing(twins.ours())).isEqualTo(backing(twins.theirs()));
      }
      OurRun.asQemuImg("rebase", "-u", twins.ours().resolve("top.qcow2").toString());
      qemu.assertCheckClean(twins.ours().resolve("top.qcow2"));
    }
  }
}
