package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images whose metadata were changed at random: our check and QEMU's find the same, word for word.
 * {@code -Dqcow4j.seed} and {@code -Dqcow4j.check.mutations} replay and prolong it.
 */
class CheckMutationTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 20_250_731L);
  private static final int MUTATIONS = Integer.getInteger("qcow4j.check.mutations", 240);

  private static final List<String> OPTIONS =
      List.of(
          "cluster_size=512",
          "cluster_size=4k,refcount_bits=1",
          "cluster_size=1k,refcount_bits=8",
          "cluster_size=4k,compat=0.10",
          "cluster_size=16k,extended_l2=on",
          "cluster_size=2k,refcount_bits=64");

  @TempDir Path directory;

  @Test
  void whatIsFoundAfterRandomChangesIsWhatQemuFinds() {
    QemuTools qemu = QemuTools.require();
    Workbench bench = Workbench.in(directory);
    for (int i = 0; i < OPTIONS.size(); i++) {
      Path sound = sound(bench, i, OPTIONS.get(i));
      for (int j = i; j < MUTATIONS; j += OPTIONS.size()) {
        SplittableRandom random = new SplittableRandom(SEED + j);
        Path image = bench.copy(sound, "mutant.qcow2");
        StringBuilder changes = new StringBuilder();
        ImageSurgeon.operate(image, surgeon -> mutate(surgeon, random, changes));
        ToolRun run = qemu.img("check", "-f", "qcow2", "--output=json", image.toString());
        assertThat(CheckText.ours(image))
            .as("seed %d, mutation %d of %s:%s", SEED, j, OPTIONS.get(i), changes)
            .isEqualTo(CheckText.qemus(run));
      }
    }
  }

  private static Path sound(Workbench bench, int number, String options) {
    Path image =
        bench.image(
            "sound-" + number + ".qcow2",
            options,
            1 << 20,
            "write -P 1 0 200k",
            "write -z 300k 32k",
            "write -P 2 500k 3k");
    if (!options.contains("refcount_bits=1")) {
      bench.write(image, "write -c -P 3 640k 64k");
      bench.snapshot(image, "one");
      bench.write(image, "write -P 4 16k 32k");
    }
    return image;
  }

  private static void mutate(ImageSurgeon surgeon, SplittableRandom random, StringBuilder changes) {
    List<Range> metadata = metadata(surgeon);
    long clusterSize = surgeon.clusterSizeBytes();
    int count = 1 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      Range range = metadata.get(random.nextInt(metadata.size()));
      long position = range.hostOffset + 8L * random.nextInt(range.words);
      long value = changed(surgeon, clusterSize, random, surgeon.number(position));
      surgeon.setNumber(position, value);
      changes.append(" %x=%x".formatted(position, value));
    }
  }

  private record Range(long hostOffset, int words) {}

  private static List<Range> metadata(ImageSurgeon surgeon) {
    int clusterWords = surgeon.clusterSizeBytes() / 8;
    long clusters = surgeon.lengthBytes() / surgeon.clusterSizeBytes();
    int counterWords = (int) (clusters * surgeon.refcountBits() / Long.SIZE) + 1;
    Range l2Table = new Range(surgeon.l2TableOffset(0), Math.min(clusterWords, 256));
    Range block = new Range(surgeon.refcountTableEntry(0), Math.min(clusterWords, counterWords));
    return List.of(
        new Range(surgeon.get(HeaderField.L1_TABLE_OFFSET), 4),
        l2Table,
        l2Table,
        new Range(surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET), 4),
        block,
        block,
        new Range(Math.max(40, surgeon.get(HeaderField.SNAPSHOTS_OFFSET)), 3));
  }

  private static long changed(
      ImageSurgeon surgeon, long clusterSize, SplittableRandom random, long value) {
    long clusters = surgeon.lengthBytes() / clusterSize;
    long flags = value & ~ImageSurgeon.OFFSET_MASK;
    return switch (random.nextInt(6)) {
      case 0, 1 -> value ^ (1L << random.nextInt(64));
      case 2 -> flags | (random.nextLong(clusters + 2) * clusterSize);
      case 3 -> flags | (random.nextLong(surgeon.lengthBytes() / 512 + 2) * 512);
      case 4 -> List.of(0L, 1L, -1L, 1L << 62, 1L << 63).get(random.nextInt(5));
      default -> random.nextLong();
    };
  }
}
