package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Header clusters in memory, and what the parser says to them. */
final class HeaderSamples {

  static final Path IMAGE = Path.of("/image");
  static final int CLUSTER = 1 << 16;

  private HeaderSamples() {}

  /** A sound header of version 3: 1 MiB, a small L1 table, one cluster of refcount table. */
  static HeaderDraft plain() {
    return sized(3, 16);
  }

  static HeaderDraft sized(int version, int clusterBits) {
    return HeaderDraft.fresh(version, clusterBits, 4, CompressionType.ZLIB)
        .size(1 << 20)
        .l1(32, 3L << clusterBits)
        .refcountTable(1L << clusterBits, 1);
  }

  static ByteBuffer bytes(HeaderDraft draft) throws IOException {
    return HeaderWriter.encode(IMAGE, draft.header());
  }

  static Qcow2Header parse(ByteBuffer bytes) throws IOException {
    return parse(bytes, false);
  }

  static Qcow2Header parse(ByteBuffer bytes, boolean checking) throws IOException {
    try (BlockFile file = file(bytes)) {
      return HeaderParser.parse(file, checking);
    }
  }

  static BlockFile file(ByteBuffer bytes) throws IOException {
    BlockFile file =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false))
            .open(IMAGE, OpenOptions.creatingNew());
    file.write(bytes.duplicate(), 0);
    return file;
  }

  /** The draft's header with these extensions in place of its own. */
  static Qcow2Header with(
      HeaderDraft draft,
      @Nullable UnknownBytes tail,
      HeaderExtensions.@Nullable EncryptionHeader encryption,
      UnknownExtension... unknown) {
    Qcow2Header old = draft.header();
    HeaderExtensions had = old.extensions();
    return new Qcow2Header(
        old.version(),
        old.clusterBits(),
        old.storedSize(),
        encryption == null ? 0 : Qcow2Header.CRYPT_LUKS,
        old.l1Entries(),
        old.l1TableOffset(),
        old.refcountTableOffset(),
        old.refcountTableClusters(),
        old.snapshotCount(),
        old.snapshotsOffset(),
        old.incompatibleFeatures(),
        old.compatibleFeatures(),
        old.autoclearFeatures(),
        old.refcountOrder(),
        old.headerLength(),
        old.compressionType(),
        old.backingFileOffset(),
        old.backingFileName(),
        new HeaderExtensions(
            had.backingFormat(),
            had.dataFileName(),
            had.featureNames(),
            had.bitmaps(),
            encryption,
            List.of(unknown)),
        tail == null ? UnknownBytes.NONE : tail);
  }

  /** A header cluster whose list of extensions holds just these bytes. */
  static ByteBuffer withList(HeaderDraft draft, byte[]... parts) throws IOException {
    ByteBuffer bytes = bytes(draft);
    int at = draft.header().version() == 2 ? 72 : 112;
    for (int i = at; i < bytes.capacity(); i++) {
      bytes.put(i, (byte) 0);
    }
    bytes.position(at);
    for (byte[] part : parts) {
      bytes.put(part);
    }
    return bytes.clear();
  }

  static byte[] extension(int type, byte[] data) {
    return ByteBuffer.allocate(8 + (data.length + 7) / 8 * 8)
        .putInt(type)
        .putInt(data.length)
        .put(data)
        .array();
  }

  static byte[] extension(int type, String text) {
    return extension(type, text.getBytes(StandardCharsets.UTF_8));
  }
}
