package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Twins of random images with snapshots, zero clusters and backing files, of which QEMU amends one
 * and this library the other: the same succeeds, the same is refused in the same words, and what is
 * left looks the same, disk and snapshots, and is clean.
 */
class AmendOracleTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_121L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.amend.sequences", 6);

  private final QemuTools qemu = QemuTools.require();
  @TempDir private Path directory;

  @Test
  void qemuAndThisLibraryAmendTheSame() throws Exception {
    int amended = 0;
    for (int i = 0; i < SEQUENCES; i++) {
      long seed = BASE_SEED + i;
      try {
        amended += runSequence(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.amend.sequences=1: " + e, e);
      }
    }
    assertThat(amended).as("amendments that were possible").isGreaterThan(SEQUENCES);
  }

  private int runSequence(Random random) throws Exception {
    Path theirs = directory.resolve("theirs.qcow2");
    Path ours = directory.resolve("ours.qcow2");
    makeImage(theirs, random);
    Files.copy(theirs, ours);
    int amended = 0;
    String after = info(ours);
    for (int step = 0; step < 5; step++) {
      String before = after;
      amended += amend(theirs, ours, random) ? 1 : 0;
      qemu.assertCheckClean(ours);
      after = info(ours);
      assertThat(after).isEqualTo(info(theirs));
      requireSameContent(theirs, ours, null, before);
      for (String id : snapshotIds(after)) {
        requireSameContent(theirs, ours, id, before);
      }
      write(random, sizeIn(after), theirs, ours);
    }
    Files.delete(theirs);
    Files.delete(ours);
    return amended;
  }

  private void makeImage(Path image, Random random) throws IOException {
    long size = 512L * (1 + random.nextInt(6000));
    int clusterBits = 9 + random.nextInt(8);
    boolean old = random.nextInt(3) == 0;
    String options =
        "cluster_size="
            + (1 << clusterBits)
            + (old ? ",compat=0.10" : ",refcount_bits=" + (8 << random.nextInt(4)))
            + (!old && random.nextInt(3) == 0 ? ",lazy_refcounts=on" : "");
    if (random.nextBoolean()) {
      Path base = directory.resolve("base.raw");
      byte[] content = new byte[512 * (1 + random.nextInt(6000))];
      random.nextBytes(content);
      Files.write(base, content);
      qemu.img(
              "create",
              "-q",
              "-f",
              "qcow2",
              "-o",
              options,
              "-b",
              "base.raw",
              "-F",
              "raw",
              image.toString(),
              Long.toString(size))
          .orFail();
    } else {
      qemu.create(image, options, size);
    }
    for (int i = 0; i < 3; i++) {
      write(random, size, image);
      if (random.nextInt(3) > 0) {
        qemu.img("snapshot", "-c", "s" + i, image.toString()).orFail();
      }
    }
    write(random, size, image);
  }

  private void write(Random random, long bytes, Path... twins) {
    if (bytes == 0) {
      return;
    }
    List<String> commands = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      long from = random.nextInt((int) (bytes / 512)) * 512L;
      long length = Math.min(bytes - from, 512L * (1 + random.nextInt(300)));
      String verb =
          switch (random.nextInt(3)) {
            case 0 -> "write -z ";
            case 1 -> "write -z -u ";
            default -> "write -P " + (1 + random.nextInt(200)) + " ";
          };
      commands.add(verb + from + " " + length);
    }
    for (Path twin : twins) {
      qemu.io(twin, commands.toArray(String[]::new));
    }
  }

  private boolean amend(Path theirs, Path ours, Random random) throws Exception {
    List<String> options = new ArrayList<>();
    AmendRequest request = AmendRequest.NOTHING;
    while (options.isEmpty()) {
      if (random.nextInt(3) == 0) {
        boolean old = random.nextBoolean();
        options.add("compat=" + (old ? "0.10" : "1.1"));
        request = request.withVersion(old ? 2 : 3);
      }
      if (random.nextInt(3) == 0) {
        int order = random.nextInt(7);
        options.add("refcount_bits=" + (1 << order));
        request = request.withRefcountOrder(order);
      }
      if (random.nextInt(4) == 0) {
        boolean lazy = random.nextBoolean();
        options.add("lazy_refcounts=" + (lazy ? "on" : "off"));
        request = request.withLazyRefcounts(lazy);
      }
      if (random.nextInt(4) == 0) {
        // Whole clusters: QEMU shows again what it cut off within one, and we do not.
        long size = 65536L * (1 + random.nextInt(54));
        options.add("size=" + size);
        request = request.withSize(size);
      }
    }
    ToolRun run =
        qemu.img("amend", "-f", "qcow2", "-o", String.join(",", options), theirs.toString());
    String refusal = "";
    try (Qcow2Image disk = WritableImage.open(ours)) {
      Amendment.run(disk, request, new JobControl());
    } catch (IOException e) {
      refusal = "qemu-img: " + e.getMessage() + "\n";
    }
    assertThat(refusal).as("%s", options).isEqualTo(run.stderr());
    return run.exitCode() == 0;
  }

  private String info(Path image) {
    return qemu.img("info", "--output=json", image.toString())
        .stdout()
        .replace(image.toString(), "IMAGE")
        .replaceAll("\"actual-size\": \\d+", "");
  }

  private static long sizeIn(String text) {
    return Long.parseLong(text.replaceAll("(?s).*\"virtual-size\": (\\d+),.*", "$1"));
  }

  private static List<String> snapshotIds(String text) {
    List<String> ids = new ArrayList<>();
    java.util.regex.Matcher matcher =
        java.util.regex.Pattern.compile("\"id\": \"(\\d+)\"").matcher(text);
    while (matcher.find()) {
      ids.add(matcher.group(1));
    }
    return ids;
  }

  private void requireSameContent(Path theirs, Path ours, @Nullable String snapshot, String before)
      throws IOException {
    assertThat(Files.mismatch(raw(theirs, snapshot), raw(ours, snapshot)))
        .as(() ->
            "first byte that differs in snapshot %s of what was %s and is %s"
                .formatted(snapshot, before, info(ours)))
        .isEqualTo(-1);
  }

  private Path raw(Path image, @Nullable String snapshot) {
    Path raw = image.resolveSibling(image.getFileName() + ".raw");
    List<String> command = new ArrayList<>(List.of("convert", "-O", "raw"));
    if (snapshot != null) {
      command.addAll(List.of("-l", "snapshot.id=" + snapshot));
    }
    command.addAll(List.of(image.toString(), raw.toString()));
    qemu.img(command).orFail();
    return raw;
  }
}
