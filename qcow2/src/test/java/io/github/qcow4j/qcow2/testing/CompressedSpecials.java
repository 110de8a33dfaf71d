package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Images whose compressed clusters lie or end in unusual ways. */
final class CompressedSpecials {

  private static final int CS = 4_096;
  private static final int BIG_CS = 65_536;
  private static final String ZSTD = "compression_type=zstd,";

  private CompressedSpecials() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        new ImageRecipe(
            "zlib-across-host-clusters",
            "deflate streams that cross a host cluster border",
            b -> across(b, "")),
        new ImageRecipe(
            "zstd-across-host-clusters",
            "zstd streams that cross a host cluster border",
            b -> across(b, ZSTD)),
        new ImageRecipe(
            "zlib-unpadded-eof",
            "the file ends with the last byte of a deflate stream",
            b -> unpadded(b, "")),
        new ImageRecipe(
            "zstd-unpadded-eof",
            "the file ends with the last byte of a zstd stream",
            b -> unpadded(b, ZSTD)),
        new ImageRecipe(
            "zlib-garbage-after-stream",
            "random bytes between stream and sector end",
            b -> garbage(b, "")),
        new ImageRecipe(
            "zstd-garbage-after-stream",
            "random bytes between frame and sector end",
            b -> garbage(b, ZSTD)),
        new ImageRecipe(
            "zlib-far-matches", "deflate matches 30000 bytes back", CompressedSpecials::farMatches),
        new ImageRecipe(
            "zlib-stored-blocks",
            "a deflate stream of stored blocks only",
            b -> deflated(b, random(CS), 0)),
        new ImageRecipe(
            "zlib-longer-than-cluster",
            "a deflate stream with more than one cluster of content",
            b -> deflated(b, random(CS + 900), 9)),
        new ImageRecipe(
            "zlib-widest-descriptor",
            "a descriptor with the largest sector count",
            CompressedSpecials::widest),
        new ImageRecipe("zstd-two-frames", "a cluster of two frames", b -> zstd(b, twoFrames())),
        new ImageRecipe(
            "zstd-skippable-first",
            "a skippable frame before the frame",
            b -> zstd(b, new ZstdFrames().skippable(random(99)).repeated((byte) 7, BIG_CS))),
        new ImageRecipe(
            "zstd-no-content-size",
            "a frame without content size, window log 27",
            b ->
                zstd(
                    b,
                    new ZstdFrames()
                        .unsized(random(40_000), 27)
                        .repeated((byte) 9, BIG_CS - 40_000))),
        new ImageRecipe(
            "zstd-garbage-after-frames",
            "random bytes after two frames",
            b -> zstd(b, twoFrames().garbage(random(200)))),
        new ImageRecipe(
            "compressed-extended-l2",
            "compressed clusters beside subclusters",
            CompressedSpecials::extended),
        new ImageRecipe(
            "compressed-last-partial-cluster",
            "the last compressed cluster reaches past the virtual size",
            CompressedSpecials::partial),
        new ImageRecipe(
            "compressed-refcount-one-bit",
            "compressed clusters that cannot share host clusters",
            b -> across(b, "refcount_bits=1,")));
  }

  private static Path across(Workbench bench, String options) {
    bench.file("data", Workbench.halfRandomBytes(16 * CS, 3));
    return bench.image(
        "across.qcow2", options + "cluster_size=" + CS, 16 * CS, "write -c -s data 0 " + 16 * CS);
  }

  private static Path unpadded(Workbench bench, String options) {
    bench.file("data", Workbench.halfRandomBytes(CS - 3, 4));
    Path image = bench.image("unpadded.qcow2", options + "cluster_size=" + CS, 8 * CS);
    for (int i = 0; i < 3; i++) {
      bench.write(image, "write -c -s data " + i * CS + " " + CS);
    }
    return image;
  }

  /**
   * QEMU leaves the file's end at the last byte of the stream, so what follows is the rest of the
   * sector.
   */
  private static Path garbage(Workbench bench, String options) {
    return bench.operate(
        unpadded(bench, options),
        surgeon -> {
          long end = surgeon.lengthBytes();
          surgeon.write(end, random(Math.toIntExact(512 - end % 512)));
          surgeon.truncate((end + CS) / CS * CS);
        });
  }

  private static Path farMatches(Workbench bench) {
    byte[] block = random(30_000);
    byte[] content = Arrays.copyOf(block, BIG_CS);
    System.arraycopy(block, 0, content, 30_000, 30_000);
    System.arraycopy(block, 0, content, 60_000, BIG_CS - 60_000);
    Path image = bench.image("far.qcow2", "", 8L * BIG_CS, "write -P 1 0 64k");
    return bench.operate(
        image, s -> s.appendCompressed(3L * BIG_CS, DeflateStreams.compress(content, 6)));
  }

  private static Path deflated(Workbench bench, byte[] content, int level) {
    Path image = bench.image("deflated.qcow2", "cluster_size=" + CS, 8 * CS, "write -P 1 0 4k");
    return bench.operate(
        image, s -> s.appendCompressed(3 * CS, DeflateStreams.compress(content, level)));
  }

  private static Path widest(Workbench bench) {
    Path image = bench.image("widest.qcow2", "cluster_size=" + CS, 8 * CS, "write -P 1 0 4k");
    return bench.operate(
        image,
        s -> {
          long hostOffset = s.appendClusters(2);
          s.write(hostOffset, DeflateStreams.compress(Workbench.halfRandomBytes(CS, 8), 9));
          s.setL2Entry(CS, new CompressedEntry(hostOffset, 2 * CS / 512).encode(s.clusterBits()));
        });
  }

  private static ZstdFrames twoFrames() {
    return new ZstdFrames().sized(random(20_000)).repeated((byte) 5, BIG_CS - 20_000);
  }

  private static Path zstd(Workbench bench, ZstdFrames frames) {
    Path image =
        bench.image("frames.qcow2", "compression_type=zstd", 8L * BIG_CS, "write -P 1 0 64k");
    return bench.operate(image, surgeon -> surgeon.appendCompressed(2L * BIG_CS, frames.toBytes()));
  }

  private static Path extended(Workbench bench) {
    bench.file("data", Workbench.halfRandomBytes(70_001, 5));
    return bench.image(
        "extended.qcow2",
        "extended_l2=on,cluster_size=16k",
        1 << 20,
        "write -c -s data 0 64k",
        "write -s data 66048 3000",
        "write -z 81920 1024",
        "write -s data 16896 512");
  }

  private static Path partial(Workbench bench) {
    bench.file("data", Workbench.halfRandomBytes(70_001, 6));
    return bench.image("partial.qcow2", "", 2L * BIG_CS + 1_536, "write -c -s data 0 132608");
  }

  private static byte[] random(int lengthBytes) {
    return Workbench.randomBytes(lengthBytes, lengthBytes);
  }
}
