package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Refcounts by the hundred million, and such of clusters that the file does not have. */
final class CounterCases {

  /** 34 million counters in 4 MB, of which every other one is 1. */
  private static final int STRIPED_BLOCKS = 2;

  /** More of them than can be looked at one by one in time. */
  private static final int BLOCKS_BEHIND = 20;

  private static final int EMPTY_BLOCKS = 900;

  private CounterCases() {}

  /** The cases whose files are longer than most file systems have files. */
  static List<HostileCase> veryMany() {
    return List.of(
        narrow(
            "every other cluster behind the end is counted",
            surgeon -> stripe(surgeon, BLOCKS_BEHIND)),
        narrow(
            "every other cluster before the end is counted",
            surgeon -> {
              stripe(surgeon, STRIPED_BLOCKS);
              long counters = 8L * surgeon.clusterSizeBytes() * STRIPED_BLOCKS;
              surgeon.truncate(counters * surgeon.clusterSizeBytes());
            }),
        narrow(
            "all clusters behind the end are counted",
            surgeon -> addBlocks(surgeon, BLOCKS_BEHIND, (byte) 0xff)),
        narrow(
            "very many refcount blocks that count nothing",
            surgeon -> addBlocks(surgeon, EMPTY_BLOCKS, (byte) 0)));
  }

  /**
   * Files that end in the cluster before their last one. What lies behind the end by less than a
   * cluster is no error to a check, and is counted.
   */
  static List<HostileCase> lostTails() {
    return List.of(
        lostTail(Ground.FULL),
        lostTail(Ground.VERSION_2),
        lostTail(Ground.SMALL_CLUSTERS),
        lostTail(Ground.SUBCLUSTERS),
        lostTail(Ground.ZSTD),
        lostTail(Ground.ZLIB),
        lostTail(Ground.PLAIN),
        new HostileCase(
            "a counter far behind the end",
            Ground.FULL,
            surgeon -> {
              surgeon.setRefcountTableEntry(9, surgeon.appendCluster());
              surgeon.setRefcount(300_000L * surgeon.clusterSizeBytes(), 1);
            }));
  }

  private static HostileCase lostTail(Ground ground) {
    return new HostileCase(
        "%s without its tail".formatted(ground),
        ground,
        surgeon -> {
          long clusterSize = surgeon.clusterSizeBytes();
          long clusters = (surgeon.lengthBytes() - 1) / clusterSize;
          surgeon.truncate((clusters - 1) * clusterSize + 100);
        });
  }

  private static HostileCase narrow(String name, Consumer<ImageSurgeon> edits) {
    return new HostileCase(name, Ground.NARROW_COUNTERS, edits);
  }

  /** What is not in use of the first block, and all of so many more. */
  private static void stripe(ImageSurgeon surgeon, int blocks) {
    addBlocks(surgeon, blocks - 1, (byte) 0xaa);
    int used = (int) (surgeon.lengthBytes() / surgeon.clusterSizeBytes() / 8) + 1;
    byte[] rest = new byte[surgeon.clusterSizeBytes() - used];
    Arrays.fill(rest, (byte) 0xaa);
    surgeon.write(surgeon.refcountTableEntry(0) + used, rest);
  }

  private static void addBlocks(ImageSurgeon surgeon, int count, byte filling) {
    long first = surgeon.appendClusters(count);
    byte[] counters = new byte[surgeon.clusterSizeBytes()];
    Arrays.fill(counters, filling);
    long table = surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET);
    for (int i = 0; i < count; i++) {
      long block = first + (long) i * counters.length;
      surgeon.setNumber(table + 8L * (i + 1), block);
      if (filling != 0) {
        surgeon.write(block, counters);
      }
    }
  }
}
