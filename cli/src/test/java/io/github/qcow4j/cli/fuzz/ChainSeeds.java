package io.github.qcow4j.cli.fuzz;

import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Chains as {@code qemu-img create -b} makes them; the top is {@link ImageAttacks#TOP}. */
final class ChainSeeds {

  private static final String SMALL = "cluster_size=512";
  private static final int SIZE = 64 << 10;
  private static final String TOP = String.valueOf(ImageAttacks.TOP.getFileName());

  private final Workbench bench;

  private ChainSeeds(Workbench bench) {
    this.bench = bench;
  }

  /** Chains of which every image is there. */
  static List<byte[]> whole(Path directory) throws IOException {
    ChainSeeds seeds = new ChainSeeds(Workbench.in(directory));
    return List.of(seeds.ofThree(), seeds.overRaw(), seeds.ofVersion2());
  }

  /** Overlays whose backing file is elsewhere, nowhere, or they themselves. */
  static List<byte[]> open(Path directory) throws IOException {
    Workbench bench = Workbench.in(directory);
    List<byte[]> seeds = new ArrayList<>();
    for (String name :
        List.of(
            TOP,
            "./" + ImageAttacks.CHAINS.relativize(ImageAttacks.TOP),
            FuzzTarget.FILE.toString(),
            "file:" + TOP,
            "nbd:unix:/d/s",
            "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/d/a\"}}")) {
      Path image = bench.unsafeOverlay("open.qcow2", name, "qcow2", SIZE);
      seeds.add(new PackedFiles().sparse(TOP, Files.readAllBytes(image)).toBytes());
    }
    return seeds;
  }

  private byte[] ofThree() throws IOException {
    Path _ = bench.image("base.qcow2", SMALL, SIZE, "write -P 7 0 3k", "write -z 8k 2k");
    Path _ = bench.overlay("middle.qcow2", SMALL, "base.qcow2", "write -P 8 2k 2k");
    Path _ =
        bench.overlay(TOP, "cluster_size=16k,extended_l2=on", "middle.qcow2", "write -P 9 40k 1k");
    return packed("base.qcow2", "middle.qcow2", TOP);
  }

  private byte[] overRaw() throws IOException {
    Path raw = bench.file("base.raw", Workbench.halfRandomBytes(4 << 10, 1));
    Path top = bench.path(TOP);
    bench.qemu().createOverlay(top, SMALL, String.valueOf(raw.getFileName()), "raw");
    return packed("base.raw", TOP);
  }

  private byte[] ofVersion2() throws IOException {
    String old = SMALL + ",compat=0.10";
    Path _ = bench.image("base.qcow2", old, SIZE, "write -P 7 0 3k");
    Path _ = bench.overlay(TOP, old, "base.qcow2");
    return packed("base.qcow2", TOP);
  }

  private byte[] packed(String... names) throws IOException {
    PackedFiles files = new PackedFiles();
    for (String name : names) {
      files = files.sparse(name, Files.readAllBytes(bench.path(name)));
    }
    return files.toBytes();
  }
}
