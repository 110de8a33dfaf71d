package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Images with unusual internal snapshots or bitmaps. */
final class SnapshotSpecials {

  private static final int FIXED_ENTRY_BYTES = 40;
  private static final int EXTRA_SIZE_OFFSET = 36;

  private SnapshotSpecials() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        new ImageRecipe(
            "v2-snapshot-without-extra-data",
            "version 2, a snapshot entry of the oldest form",
            b -> extra(b, "compat=0.10", 0)),
        new ImageRecipe(
            "v2-snapshot-with-8-extra-bytes",
            "version 2, extra data with the VM state size only",
            b -> extra(b, "compat=0.10", 8)),
        new ImageRecipe(
            "v2-snapshot-with-12-extra-bytes",
            "version 2, extra data that ends inside a field",
            b -> extra(b, "compat=0.10", 12)),
        new ImageRecipe(
            "v3-snapshot-without-icount",
            "version 3, extra data of 16 bytes",
            b -> extra(b, "", 16)),
        new ImageRecipe(
            "v3-snapshot-with-unknown-extra-data",
            "version 3, extra data of 64 bytes",
            b -> extra(b, "", 64)),
        new ImageRecipe(
            "snapshot-with-vm-state",
            "VM state behind the disk, in the active and the snapshot's table",
            SnapshotSpecials::vmState),
        new ImageRecipe(
            "snapshot-with-recorded-times",
            "a snapshot with VM clock, VM state size and icount",
            SnapshotSpecials::times),
        new ImageRecipe(
            "snapshots-of-one-name", "two snapshots of the same name", SnapshotSpecials::sameName),
        new ImageRecipe(
            "snapshots-40", "forty snapshots with writes between", SnapshotSpecials::forty),
        new ImageRecipe(
            "snapshot-bigger-than-image",
            "the image was shrunk after the snapshot",
            b -> resized(b, "512k")),
        new ImageRecipe(
            "snapshot-smaller-than-image",
            "the image was grown after the snapshot",
            b -> resized(b, "3M")),
        new ImageRecipe(
            "snapshots-two-bit-refcounts",
            "as many snapshots as two-bit counters allow",
            SnapshotSpecials::twoBits),
        new ImageRecipe(
            "snapshot-of-compressed-clusters",
            "compressed clusters shared with a snapshot",
            SnapshotSpecials::compressed),
        new ImageRecipe(
            "bitmap-in-use", "the writer of a bitmap was killed", SnapshotSpecials::bitmapInUse),
        new ImageRecipe(
            "bitmaps-stale",
            "a bitmaps extension whose autoclear bit is cleared",
            SnapshotSpecials::bitmapsStale),
        new ImageRecipe(
            "bitmaps-several",
            "enabled, disabled, empty and full bitmaps of several granularities",
            SnapshotSpecials::bitmaps));
  }

  private static Path base(Workbench bench, String options) {
    return bench.image("image.qcow2", options, 1 << 20, "write -P 3 0 300k", "write -P 4 512k 64k");
  }

  /** Rewrites the only snapshot's entry with extra data of another length. */
  private static Path extra(Workbench bench, String options, int extraBytes) {
    Path image = bench.snapshot(base(bench, options), "frozen state");
    bench.write(image, "write -P 5 64k 64k");
    return bench.operate(
        image,
        surgeon -> {
          long entry = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
          int oldExtra = Math.toIntExact(surgeon.number(entry + EXTRA_SIZE_OFFSET, 4));
          int texts =
              Math.toIntExact(surgeon.number(entry + 12, 2) + surgeon.number(entry + 14, 2));
          byte[] extra = surgeon.read(entry + FIXED_ENTRY_BYTES, oldExtra);
          byte[] text = surgeon.read(entry + FIXED_ENTRY_BYTES + oldExtra, texts);
          surgeon.write(entry + FIXED_ENTRY_BYTES, new byte[oldExtra + texts + 8]);
          surgeon.setNumber(entry + EXTRA_SIZE_OFFSET, 4, extraBytes);
          surgeon.write(entry + FIXED_ENTRY_BYTES, java.util.Arrays.copyOf(extra, extraBytes));
          surgeon.write(entry + FIXED_ENTRY_BYTES + extraBytes, text);
        });
  }

  private static Path vmState(Workbench bench) {
    Path image = bench.write(base(bench, "cluster_size=4k"), "write -b -P 7 0 64k");
    return bench.write(bench.snapshot(image, "running"), "write -P 5 64k 64k");
  }

  private static Path times(Workbench bench) {
    Path image = bench.snapshot(bench.write(base(bench, ""), "write -b -P 7 0 64k"), "timed");
    return bench.operate(
        image,
        surgeon -> {
          long entry = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
          surgeon.setNumber(entry + 16, 4, 1_700_000_000L);
          surgeon.setNumber(entry + 20, 4, 123_456_789L);
          surgeon.setNumber(entry + 24, 8, 98_765_432_109_876L);
          surgeon.setNumber(entry + 32, 4, 65_536);
          surgeon.setNumber(entry + FIXED_ENTRY_BYTES, 8, 65_536);
          surgeon.setNumber(entry + FIXED_ENTRY_BYTES + 16, 8, 4_242);
        });
  }

  private static Path sameName(Workbench bench) {
    Path image = bench.snapshot(base(bench, ""), "twin");
    bench.snapshot(bench.write(image, "write -P 5 64k 64k"), "twin");
    return bench.write(image, "write -P 6 64k 64k");
  }

  private static Path forty(Workbench bench) {
    Path image = base(bench, "cluster_size=4k");
    for (int i = 0; i < 40; i++) {
      bench.snapshot(image, "number " + i);
      bench.write(image, "write -P %d %dk 5k".formatted(i + 1, i * 20));
    }
    return image;
  }

  private static Path resized(Workbench bench, String size) {
    Path image = bench.snapshot(base(bench, ""), "before");
    bench.qemu().img("resize", "-q", "--shrink", "-f", "qcow2", image.toString(), size).orFail();
    return bench.write(image, "write -P 5 64k 64k");
  }

  private static Path twoBits(Workbench bench) {
    Path image = bench.snapshot(base(bench, "refcount_bits=2"), "one");
    return bench.write(bench.snapshot(image, "two"), "write -P 5 64k 64k");
  }

  private static Path compressed(Workbench bench) {
    bench.file("data", Workbench.halfRandomBytes(99_991, 2));
    Path image = bench.image("image.qcow2", "cluster_size=4k", 1 << 20, "write -c -s data 0 256k");
    return bench.write(bench.snapshot(image, "packed"), "write -P 5 10k 9k", "write -z 64k 8k");
  }

  private static Path bitmapInUse(Workbench bench) {
    Path image = bitmaps(bench);
    bench
        .qemu()
        .ioRaw(
            List.of(
                "-f",
                "qcow2",
                "-c",
                "write -P 9 0 64k",
                "-c",
                "flush",
                "-c",
                "sigraise 9",
                image.toString()))
        .expectExit(137);
    return image;
  }

  private static Path bitmapsStale(Workbench bench) {
    return bench.operate(
        bitmaps(bench), surgeon -> surgeon.clearFeatureBit(HeaderField.AUTOCLEAR_FEATURES, 0));
  }

  private static Path bitmaps(Workbench bench) {
    Path image = bench.image("image.qcow2", "cluster_size=4k", 64 << 20);
    List<List<String>> bitmaps = new ArrayList<>();
    bitmaps.add(List.of("--add", "-g", "512", image.toString(), "fine"));
    bitmaps.add(List.of("--add", "-g", "2G", image.toString(), "coarse"));
    bitmaps.add(List.of("--add", "--disable", image.toString(), "asleep"));
    for (List<String> arguments : bitmaps) {
      List<String> command = new ArrayList<>(List.of("bitmap"));
      command.addAll(arguments);
      bench.qemu().img(command).orFail();
    }
    return bench.write(image, "write -z 0 64M", "write -P 3 1M 300k");
  }
}
