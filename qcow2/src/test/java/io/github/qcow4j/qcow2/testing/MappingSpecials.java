package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.List;

/** Images with unusual, legal or harmless mappings. */
final class MappingSpecials {

  private static final int CS = 65_536;

  private MappingSpecials() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        new ImageRecipe(
            "preallocated-zeros-with-stale-bytes",
            "zero clusters that keep host clusters full of other bytes",
            b -> b.image("image.qcow2", "", 1 << 20, "write -P 3 0 512k", "write -z 64k 128k")),
        new ImageRecipe(
            "version-2-zeroed",
            "version 2 has no zero flag",
            b ->
                b.image(
                    "image.qcow2",
                    "compat=0.10",
                    1 << 20,
                    "write -P 3 0 512k",
                    "write -z 64k 128k",
                    "discard 256k 64k")),
        new ImageRecipe(
            "shared-data-cluster",
            "two guest clusters on one host cluster, with the right refcount",
            MappingSpecials::shared),
        new ImageRecipe(
            "shared-l2-table",
            "two L1 entries on one L2 table, with the right refcounts",
            MappingSpecials::sharedTable),
        new ImageRecipe(
            "subclusters-of-every-kind",
            "data, zero and unallocated subclusters side by side over a parent",
            MappingSpecials::subclusters),
        new ImageRecipe(
            "subclusters-reserved",
            "a host cluster without any allocated subcluster",
            MappingSpecials::reserved),
        new ImageRecipe(
            "zero-cluster-with-host-cluster-past-eof",
            "a preallocated zero cluster beyond the file's end",
            MappingSpecials::zeroPastEof),
        new ImageRecipe(
            "l1-entries-past-the-disk",
            "data in L2 tables behind the virtual size",
            MappingSpecials::behindDisk),
        new ImageRecipe(
            "short-last-cluster",
            "the file ends inside its last data cluster",
            MappingSpecials::shortCluster),
        new ImageRecipe(
            "descending-host-offsets",
            "guest clusters in reverse order on the host",
            MappingSpecials::descending),
        new ImageRecipe(
            "host-holes-few",
            "holes in the file under too few data clusters for QEMU to look for them",
            b -> holes(b, 4)),
        new ImageRecipe(
            "host-holes-many",
            "holes in the file under so many data clusters that QEMU looks for them",
            b -> holes(b, 12)),
        new ImageRecipe(
            "grown-over-vm-state",
            "VM state that became disk content when the disk grew",
            MappingSpecials::grown),
        new ImageRecipe(
            "preallocated-metadata",
            "metadata preallocation, nothing written",
            b -> b.image("image.qcow2", "preallocation=metadata", 1 << 20)),
        new ImageRecipe(
            "preallocated-full-over-a-tail",
            "full preallocation of a disk that ends inside a cluster",
            b -> b.image("image.qcow2", "preallocation=full", (1 << 20) + 512)));
  }

  private static Path data(Workbench bench, String options) {
    return bench.image(
        "image.qcow2",
        options,
        1 << 20,
        "write -P 3 0 64k",
        "write -P 4 64k 64k",
        "write -P 5 128k 64k");
  }

  private static Path shared(Workbench bench) {
    return bench.operate(
        data(bench, ""),
        surgeon -> {
          long hostOffset = surgeon.clusterOffset(0);
          surgeon.setL2Entry(0, hostOffset);
          surgeon.setL2Entry(8L * CS, hostOffset);
          surgeon.setRefcount(hostOffset, 2);
        });
  }

  private static Path sharedTable(Workbench bench) {
    Path image =
        bench.image(
            "image.qcow2", "cluster_size=512", 64 << 10, "write -P 3 0 1k", "write -P 4 5k 100");
    return bench.operate(
        image,
        surgeon -> {
          long table = surgeon.l2TableOffset(0);
          surgeon.setL1Entry(0, table);
          surgeon.setL1Entry(1, table);
          surgeon.setRefcount(table, 2);
          for (long guestOffset = 0; guestOffset < 32 << 10; guestOffset += 512) {
            long hostOffset = surgeon.clusterOffset(guestOffset);
            if (hostOffset != 0) {
              surgeon.setL2Entry(guestOffset, hostOffset);
              surgeon.setRefcount(hostOffset, 2);
            }
          }
        });
  }

  private static Path subclusters(Workbench bench) {
    bench.image("base.qcow2", "", 1 << 20, "write -P 66 0 1M");
    return bench.overlay(
        "top.qcow2",
        "extended_l2=on,cluster_size=16k",
        "base.qcow2",
        "write -P 1 512 512",
        "write -P 2 2048 1536",
        "write -z 4096 1024",
        "write -P 3 8192 2048",
        "write -z 8704 512",
        "write -z 16k 16k",
        "write -P 4 17408 512",
        "discard 32k 16k");
  }

  private static Path reserved(Workbench bench) {
    Path top = subclusters(bench);
    return bench.operate(top, surgeon -> surgeon.setL2Bitmap(0, 0));
  }

  private static Path zeroPastEof(Workbench bench) {
    return bench.operate(
        bench.image(
            "image.qcow2",
            "",
            1 << 20,
            "write -P 3 0 64k",
            "write -P 4 64k 64k",
            "write -z 64k 64k"),
        surgeon -> surgeon.truncate(surgeon.clusterOffset(CS)));
  }

  private static Path behindDisk(Workbench bench) {
    Path image = bench.image("image.qcow2", "cluster_size=512", 128 << 10, "write -P 3 0 128k");
    return bench.operate(image, surgeon -> surgeon.set(HeaderField.SIZE, 40 << 10));
  }

  private static Path shortCluster(Workbench bench) {
    return bench.operate(
        data(bench, ""), surgeon -> surgeon.truncate(surgeon.lengthBytes() - 50_001));
  }

  private static Path descending(Workbench bench) {
    return bench.image(
        "image.qcow2",
        "cluster_size=4k",
        64 << 10,
        "write -P 9 60k 4k",
        "write -P 8 32k 4k",
        "write -P 7 28k 4k",
        "write -P 6 4k 4k",
        "write -P 5 0 4k");
  }

  /**
   * QEMU asks the file system for holes only where the file takes much less space than its
   * refcounts say.
   */
  private static Path holes(Workbench bench, int clusters) {
    Path image = bench.image("image.qcow2", "", 8 << 20, "write -P 3 0 4M");
    return bench.withHole(image, 0x50000, (long) clusters * CS);
  }

  private static Path grown(Workbench bench) {
    Path image =
        bench.image(
            "image.qcow2", "cluster_size=4k", 1 << 20, "write -b -P 3 0 64k", "write -P 4 0 64k");
    bench.qemu().img("resize", "-q", "-f", "qcow2", image.toString(), "5M").orFail();
    return image;
  }
}
