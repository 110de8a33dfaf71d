package io.github.qcow4j.cli.fuzz;

import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Images of every shape that {@code qemu-img} makes, as small as it makes them. */
final class ImageSeeds {

  /** What is behind it in a file of large clusters is data, or nothing. */
  private static final int MOST_BYTES = 1 << 16;

  private static final int SIZE = 64 << 10;

  private static final String[] DATA = {"write -P 7 0 3k", "write -z 8k 2k", "write -P 9 40k 1k"};

  /** Making a key takes seconds, and five targets want the same images. */
  private static final List<byte[]> MADE = new ArrayList<>();

  private final Workbench bench;
  private final List<Path> images = new ArrayList<>();

  private ImageSeeds(Workbench bench) {
    this.bench = bench;
  }

  /** All of them; made in the directory by the first call. */
  static List<byte[]> of(Path directory) throws IOException {
    synchronized (MADE) {
      if (MADE.isEmpty()) {
        MADE.addAll(make(directory));
      }
      return List.copyOf(MADE);
    }
  }

  private static List<byte[]> make(Path directory) throws IOException {
    ImageSeeds seeds = new ImageSeeds(Workbench.in(directory));
    seeds.forms();
    seeds.history();
    seeds.references();
    seeds.encrypted();
    List<byte[]> all = new ArrayList<>();
    for (Path image : seeds.images) {
      byte[] bytes = Files.readAllBytes(image);
      all.add(bytes.length <= MOST_BYTES ? bytes : Arrays.copyOf(bytes, MOST_BYTES));
    }
    return all;
  }

  private void forms() {
    image("v3", "cluster_size=512");
    image("v2", "cluster_size=512,compat=0.10");
    image("narrow", "cluster_size=512,refcount_bits=1");
    image("wide", "cluster_size=512,refcount_bits=64");
    image("subclusters", "cluster_size=16k,extended_l2=on");
    image("preallocated", "cluster_size=512,preallocation=metadata");
    images.add(bench.image("large.qcow2", "cluster_size=2M", SIZE));
  }

  private Path image(String name, String options) {
    Path image = bench.image(name + ".qcow2", options, SIZE, DATA);
    images.add(image);
    return image;
  }

  /** Snapshots and bitmaps of every state, and the same disk compressed. */
  private void history() {
    Path full = image("full", "cluster_size=512,lazy_refcounts=on");
    for (String name : List.of("a", "b", "c")) {
      bench.snapshot(full, name);
      bench.write(full, "write -P 3 1k 4k");
    }
    bitmap(full, "b0", "--add", "-g", "512");
    bitmap(full, "off", "--add", "--disable");
    bench.write(full, "write -P 4 2k 1k");
    bitmap(full, "merged", "--add", "--merge", "b0");
    for (String type : List.of("zlib", "zstd")) {
      packed(full, type, "cluster_size=512");
      packed(full, type + "-subclusters", "cluster_size=16k,extended_l2=on");
    }
  }

  private void bitmap(Path image, String name, String... changes) {
    List<String> line = new ArrayList<>(List.of("bitmap"));
    line.addAll(List.of(changes));
    line.addAll(List.of(image.toString(), name));
    bench.qemu().img(line).orFail();
  }

  private void packed(Path source, String name, String options) {
    Path packed = bench.path(name + ".qcow2");
    String type = name.startsWith("zstd") ? "zstd" : "zlib";
    bench
        .qemu()
        .img(
            "convert",
            "-c",
            "-O",
            "qcow2",
            "-o",
            options + ",compression_type=" + type,
            source.toString(),
            packed.toString())
        .orFail();
    images.add(packed);
  }

  private void references() {
    images.add(bench.overlay("overlay.qcow2", "cluster_size=512", "v3.qcow2", DATA));
    image("outside", "cluster_size=4k,data_file=data.raw");
    image("outside-raw", "cluster_size=4k,data_file=data2.raw,data_file_raw=on");
  }

  /** It measures how fast it makes keys, and gives up where the processor's clock is coarse. */
  private void encrypted() {
    Path image = bench.path("luks.qcow2");
    ToolRun run = encrypt(image);
    for (int i = 0; i < 100 && run.stderr().contains("CPU usage"); i++) {
      run = encrypt(image);
    }
    run.orFail();
    images.add(image);
  }

  private ToolRun encrypt(Path image) {
    return bench
        .qemu()
        .img(
            "create",
            "-q",
            "-f",
            "qcow2",
            "--object",
            "secret,id=key,data=secret",
            "-o",
            "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=100,cluster_size=512",
            image.toString(),
            Integer.toString(SIZE));
  }
}
