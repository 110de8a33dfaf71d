package io.github.qcow4j.cli.fulldisk;

import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes what {@link ImageJob}s work on. */
final class FullDiskImages {

  private static final int MIB = 1 << 20;

  private final Workbench bench;

  private FullDiskImages(Workbench bench) {
    this.bench = bench;
  }

  static void make(Path directory) throws IOException {
    FullDiskImages images = new FullDiskImages(Workbench.in(directory));
    images.makeChain();
    images.makeSnapshots();
    images.makeBitmaps();
    images.makeDamaged();
  }

  private void makeChain() throws IOException {
    Path noise = bench.file("noise", Workbench.halfRandomBytes(2 * MIB, 1));
    // What is compressed cannot be shared with a file that holds it plain.
    String write = "write -c -s " + noise + " ";
    bench.image("base.qcow2", "", 3 * MIB, write + "0 1M");
    bench.overlay("top.qcow2", "", "base.qcow2", write + "512k 2M");
    bench.overlay(
        "zeros.qcow2",
        "",
        "base.qcow2",
        "write -z 256k 512k",
        write + "1M 256k",
        "write -P 9 0 1k");
    bench.file("holes.raw", new byte[0]);
    ImageSurgeon.operate(bench.path("holes.raw"), file -> file.truncate(3 * MIB));
    Files.delete(noise);
  }

  /** One with clusters as usual, and one with as many tables as so little room holds. */
  private void makeSnapshots() {
    bench.image("old.qcow2", "", 3 * MIB, "write -P 7 512k 512k");
    bench.snapshot(bench.path("old.qcow2"), "first");
    bench.write(bench.path("old.qcow2"), "write -P 8 512k 128k");
    bench.image("many.qcow2", "cluster_size=512", 32 * MIB, "write -P 7 0 64k", "write 16M 256k");
    bench.snapshot(bench.path("many.qcow2"), "first");
    bench.write(bench.path("many.qcow2"), "write -P 8 16M 128k", "write -P 9 24M 64k");
  }

  private void makeBitmaps() {
    Path bitmaps = bench.image("bitmaps.qcow2", "", 3 * MIB, "write -P 7 512k 512k");
    bench.qemu().img("bitmap", "--add", bitmaps.toString(), "one").orFail();
    String marks = bench.image("marks.qcow2", "cluster_size=512", 32 * MIB).toString();
    bench.qemu().img("bitmap", "--add", "-g", "512", marks, "one").orFail();
    bench.write(Path.of(marks), "write -P 7 0 64k", "write -P 7 12M 32k");
    bench.qemu().img("bitmap", "--disable", marks, "one").orFail();
    bench.qemu().img("bitmap", "--add", "-g", "512", marks, "two").orFail();
    bench.write(Path.of(marks), "write -P 8 32k 64k", "write -P 8 30M 32k");
  }

  /** One that leaks, and one that has lost all its counters. */
  private void makeDamaged() {
    String[] data = {"write -P 7 512k 512k", "write -P 8 1536k 256k"};
    Path leaking = bench.image("leaking.qcow2", "cluster_size=512", 3 * MIB, data);
    ImageSurgeon.operate(leaking, image -> image.appendClusters(20));
    Path damaged = bench.image("damaged.qcow2", "cluster_size=512", 3 * MIB, data);
    ImageSurgeon.operate(
        damaged,
        image -> {
          for (int block = 0; block < image.lengthBytes() / 512 / 256; block++) {
            image.setRefcountTableEntry(block, 0);
          }
        });
  }
}
