package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.table.MetadataPages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.locks.Lock;

/**
 * Guest clusters of an image as its writer changes them: the writer's own locks, allocator and rule
 * for what was taken back, around an array for tables and another for data.
 */
final class MappedClusters {

  private static final int CLUSTER_BITS = 9;
  private static final int CLUSTER_SIZE = 1 << CLUSTER_BITS;

  private final WriterLocks locks = new WriterLocks(CLUSTER_BITS, e -> false);
  private final ClusterAllocator allocator;
  private final long[] map = new long[2];
  private final int[] data = new int[16];

  MappedClusters() throws IOException {
    BlockFile file = new StandInFile().asBlockFile();
    MetadataPages blocks = new MetadataPages(file, "refcount block", CLUSTER_SIZE, 1 << 20);
    long[] table = {CLUSTER_SIZE};
    blocks.create(CLUSTER_SIZE);
    RefcountStore refcounts =
        new RefcountStore(
            file, CLUSTER_BITS, CounterCodec.ofOrder(4), 2L * CLUSTER_SIZE, table, blocks);
    refcounts.add(0, 3, 1);
    allocator = new ClusterAllocator(Path.of("image"), CLUSTER_BITS, refcounts, (c, n) -> {});
  }

  void write(int guest) throws IOException {
    locks.changing(
        (long) guest << CLUSTER_BITS,
        CLUSTER_SIZE,
        () -> {
          long host = locks.changeTables(() -> allocator.allocate(1).firstCluster());
          data[(int) host] = guest + 1;
          locks.onTables(() -> {
            if (map[guest] != 0) {
              allocator.freeLater(map[guest], 1);
            }
            map[guest] = host;
          });
        });
  }

  void read(int guest) throws IOException {
    Lock operation = locks.operation();
    operation.lock();
    try {
      long host = locks.atTables(() -> map[guest]);
      Interleaving.require(data[(int) host] == guest + 1, "data of another guest cluster");
    } finally {
      operation.unlock();
    }
  }

  void flush() throws IOException {
    locks.onTables(() -> {
      if (allocator.hasFreed() && locks.isIdle()) {
        allocator.releaseFreed();
      }
    });
  }
}
