package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.DamagedBase.COMPRESSED;
import static io.github.qcow4j.qcow2.testing.DamagedBase.FREE;

import java.util.List;
import java.util.function.Consumer;

/** Compressed clusters that lie outside the file or do not decode to one cluster. */
final class DamagedStreams {

  private static final int CS = DamagedBase.CLUSTER_BYTES;

  private DamagedStreams() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        zlib("stream-past-eof", "a stream behind the file", s -> map(s, 1L << 30, 4)),
        zlib(
            "stream-at-largest-offset",
            "a stream at the largest offset its entry holds",
            s -> map(s, (1L << 54) - 1, 1)),
        zlib(
            "stream-over-eof",
            "a descriptor that reaches past the file's end by clusters",
            s -> map(s, (s.lengthBytes() - 1) / 512 * 512, 256)),
        zlib("stream-cut-by-eof", "a stream that the file's end cuts", DamagedStreams::cut),
        zlib("stream-in-header", "the header read as a stream", s -> map(s, 0, 4)),
        zlib(
            "stream-overlaps-data",
            "a descriptor over a data cluster",
            s -> map(s, s.clusterOffset(0) + 100, 3)),
        zlib(
            "stream-copied-flag",
            "the copied flag on a compressed entry",
            s -> s.setL2Entry(COMPRESSED, s.l2Entry(COMPRESSED) | ImageSurgeon.COPIED)),
        zlib(
            "stream-garbage",
            "random bytes as a stream",
            s -> s.appendCompressed(FREE, Workbench.randomBytes(3_000, 9))),
        zlib("stream-zeros", "zeros as a stream", s -> s.appendCompressed(FREE, new byte[3_000])),
        zlib(
            "stream-reserved-block-type",
            "a stream whose first block has the reserved type",
            s -> s.appendCompressed(FREE, new byte[] {7, 0, 0, 0})),
        zlib(
            "stream-too-short",
            "a stream of half a cluster",
            s -> s.appendCompressed(FREE, deflated(CS / 2))),
        zlib(
            "stream-one-byte-short",
            "a stream one byte short of a cluster",
            s -> s.appendCompressed(FREE, deflated(CS - 1))),
        zlib(
            "stream-unfinished",
            "a whole cluster, but no final block",
            s ->
                s.appendCompressed(
                    FREE, DeflateStreams.unfinished(Workbench.halfRandomBytes(CS, 3)))),
        zlib(
            "stream-descriptor-too-small",
            "a descriptor one sector short of its stream",
            DamagedStreams::shortDescriptor),
        zlib(
            "stream-match-before-start",
            "a match that reaches before the cluster",
            s -> s.appendCompressed(FREE, new byte[] {0x4b, 0x04, (byte) 0xf2, 0x07, 0x00, 0x00})),
        zlib(
            "stream-of-other-codec",
            "a zstd frame in a zlib image",
            s -> s.appendCompressed(FREE, new ZstdFrames().repeated((byte) 3, CS).toBytes())),
        zstd(
            "frame-of-other-codec",
            "a deflate stream in a zstd image",
            s -> s.appendCompressed(FREE, deflated(CS))),
        zstd(
            "frame-garbage",
            "random bytes as a frame",
            s -> s.appendCompressed(FREE, Workbench.randomBytes(3_000, 9))),
        zstd(
            "frame-too-short",
            "a frame of half a cluster",
            s -> s.appendCompressed(FREE, new ZstdFrames().repeated((byte) 3, CS / 2).toBytes())),
        zstd(
            "frame-too-long",
            "a frame one byte longer than a cluster",
            s -> s.appendCompressed(FREE, new ZstdFrames().repeated((byte) 3, CS + 1).toBytes())),
        zstd(
            "frames-too-long",
            "two frames with more than a cluster together",
            s ->
                s.appendCompressed(
                    FREE,
                    new ZstdFrames().repeated((byte) 3, CS / 2).repeated((byte) 4, CS).toBytes())),
        zstd(
            "frame-skippable-only",
            "nothing but a skippable frame",
            s -> s.appendCompressed(FREE, new ZstdFrames().skippable(new byte[600]).toBytes())),
        zstd(
            "frame-reserved-block-type",
            "a block of the reserved type",
            s ->
                s.appendCompressed(
                    FREE, new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0x38, 7, 0, 0})),
        zstd(
            "frame-window-too-big",
            "a window of 2 to the power of 31",
            s ->
                s.appendCompressed(
                    FREE,
                    new ZstdFrames().unsized(Workbench.halfRandomBytes(CS, 2), 31).toBytes())),
        zstd(
            "frame-needs-dictionary",
            "a frame that names a dictionary",
            s -> s.appendCompressed(FREE, withDictionary())),
        zstd("frame-cut-by-eof", "a frame that the file's end cuts", DamagedStreams::cut));
  }

  private static ImageRecipe zlib(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return DamagedBase.edited(name, meaning, edits);
  }

  private static ImageRecipe zstd(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return DamagedBase.with(name, meaning, "compression_type=zstd", edits);
  }

  private static void map(ImageSurgeon surgeon, long hostOffset, int sectors) {
    surgeon.setL2Entry(
        FREE, new CompressedEntry(hostOffset, sectors).encode(surgeon.clusterBits()));
  }

  /** Moves the stream to the end of the file and takes away its second half. */
  private static void cut(ImageSurgeon surgeon) {
    CompressedEntry entry = surgeon.compressedEntry(COMPRESSED);
    byte[] stream = surgeon.read(entry.hostOffset(), Math.toIntExact(entry.maxLengthBytes()));
    long hostOffset = surgeon.appendCompressed(FREE, stream);
    surgeon.truncate(hostOffset + stream.length / 2);
  }

  private static void shortDescriptor(ImageSurgeon surgeon) {
    CompressedEntry entry = surgeon.compressedEntry(COMPRESSED);
    CompressedEntry shorter = new CompressedEntry(entry.hostOffset(), entry.sectors() - 1);
    surgeon.setL2Entry(COMPRESSED, shorter.encode(surgeon.clusterBits()));
  }

  private static byte[] deflated(int contentBytes) {
    return DeflateStreams.compress(Workbench.halfRandomBytes(contentBytes, 3), 6);
  }

  private static byte[] withDictionary() {
    byte[] frame = new ZstdFrames().sized(Workbench.halfRandomBytes(CS, 2)).toBytes();
    byte[] changed = new byte[frame.length + 1];
    System.arraycopy(frame, 0, changed, 0, 5);
    System.arraycopy(frame, 5, changed, 6, frame.length - 5);
    changed[4] |= 1; // a dictionary id of one byte follows
    changed[5] = 42;
    return changed;
  }
}
