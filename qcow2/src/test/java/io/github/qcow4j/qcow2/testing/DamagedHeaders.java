package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.HeaderField.AUTOCLEAR_FEATURES;
import static io.github.qcow4j.qcow2.testing.HeaderField.BACKING_FILE_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.BACKING_FILE_SIZE;
import static io.github.qcow4j.qcow2.testing.HeaderField.CLUSTER_BITS;
import static io.github.qcow4j.qcow2.testing.HeaderField.COMPRESSION_TYPE;
import static io.github.qcow4j.qcow2.testing.HeaderField.CRYPT_METHOD;
import static io.github.qcow4j.qcow2.testing.HeaderField.HEADER_LENGTH;
import static io.github.qcow4j.qcow2.testing.HeaderField.INCOMPATIBLE_FEATURES;
import static io.github.qcow4j.qcow2.testing.HeaderField.MAGIC;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_ORDER;
import static io.github.qcow4j.qcow2.testing.HeaderField.SIZE;
import static io.github.qcow4j.qcow2.testing.HeaderField.VERSION;

import java.util.List;
import java.util.function.Consumer;

/** Headers that break a rule on their own: fields, feature words, extensions, the backing name. */
final class DamagedHeaders {

  private static final int CS = DamagedBase.CLUSTER_BYTES;

  private DamagedHeaders() {}

  static List<ImageRecipe> fields() {
    return List.of(
        field("magic-wrong", "no qcow2 magic", MAGIC, 0x5146_49fcL),
        field("version-0", "version 0", VERSION, 0),
        field("version-1", "version 1, another format", VERSION, 1),
        field("version-4", "version 4, not invented yet", VERSION, 4),
        field("cluster-bits-0", "clusters of 1 byte", CLUSTER_BITS, 0),
        field("cluster-bits-8", "clusters one size too small", CLUSTER_BITS, 8),
        field("cluster-bits-22", "clusters one size too big", CLUSTER_BITS, 22),
        field("cluster-bits-huge", "a cluster size beyond any shift", CLUSTER_BITS, 0xffff_ffffL),
        field(
            "cluster-bits-other", "clusters of 4 KiB where 64 KiB were written", CLUSTER_BITS, 12),
        field("header-length-0", "a version 3 header of no length", HEADER_LENGTH, 0),
        field("header-length-96", "a version 3 header one field too short", HEADER_LENGTH, 96),
        field("header-length-cluster", "a header that fills its cluster", HEADER_LENGTH, CS),
        field(
            "header-length-past-cluster",
            "a header longer than its cluster",
            HEADER_LENGTH,
            CS + 8),
        field("compression-type-2", "an unknown compression type", COMPRESSION_TYPE, 2),
        field(
            "compression-type-without-bit",
            "zstd without its incompatible bit",
            COMPRESSION_TYPE,
            1),
        edited(
            "compression-bit-without-type",
            "the compression bit with type zlib",
            s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 3)),
        edited(
            "compression-bit-header-104",
            "the compression bit on a header without that field",
            DamagedHeaders::shortWithBit),
        edited(
            "extended-l2-bit-on-standard-tables",
            "the extended L2 bit over standard tables",
            s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 4)),
        new ImageRecipe(
            "extended-l2-with-8k-clusters",
            "subclusters smaller than a sector",
            b ->
                b.operate(
                    b.image("image.qcow2", "cluster_size=8k", 1 << 20),
                    s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 4))),
        field("refcount-order-7", "counters of 128 bits", REFCOUNT_ORDER, 7),
        field(
            "refcount-order-huge",
            "a counter width beyond any shift",
            REFCOUNT_ORDER,
            0xffff_ffffL),
        field("refcount-order-other", "counters read at another width", REFCOUNT_ORDER, 3),
        field("crypt-method-3", "an unknown encryption method", CRYPT_METHOD, 3),
        field(
            "crypt-method-luks-without-header",
            "LUKS without the encryption extension",
            CRYPT_METHOD,
            2),
        field(
            "size-too-big-for-l1",
            "a virtual size that the L1 table does not cover",
            SIZE,
            1L << 30),
        field("size-2-to-62", "a virtual size that no L1 table covers", SIZE, 1L << 62),
        field("size-negative", "a virtual size of 2 to the power of 63", SIZE, 1L << 63),
        field("size-all-ones", "the largest number as virtual size", SIZE, -1),
        edited(
            "raw-external-bit-alone",
            "the raw external data bit without a data file",
            s -> s.setFeatureBit(AUTOCLEAR_FEATURES, 1)),
        edited(
            "data-file-bit-alone",
            "the data file bit without a data file name",
            s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 2)),
        edited(
            "data-file-name-alone",
            "a data file name without the data file bit",
            s -> s.extensions().append(HeaderExtensions.DATA_FILE, bytes("guest.data"))));
  }

  static List<ImageRecipe> names() {
    return List.of(
        edited(
            "backing-offset-past-cluster",
            "the backing name starts behind the header cluster",
            s -> backing(s, CS + 1, 10)),
        edited(
            "backing-offset-at-cluster-end",
            "the backing name starts where the header cluster ends",
            s -> backing(s, CS, 10)),
        edited(
            "backing-name-to-cluster-end",
            "the backing name ends with the header cluster",
            s -> backing(s, CS - 10, 10)),
        edited(
            "backing-name-over-cluster-end",
            "the backing name ends one byte behind the header cluster",
            s -> backing(s, CS - 10, 11)),
        edited(
            "backing-name-1023",
            "a backing name of the longest length",
            s -> backing(s, 8_192, 1_023)),
        edited(
            "backing-name-1024", "a backing name one byte too long", s -> backing(s, 8_192, 1_024)),
        edited(
            "backing-name-huge",
            "a backing name of four gigabytes",
            s -> backing(s, 8_192, 0xffff_ffffL)),
        edited("backing-name-empty", "a backing name without bytes", s -> backing(s, 8_192, 0)),
        edited(
            "backing-name-with-nul",
            "a backing name that holds a NUL",
            s -> named(s, "gone\0.qcow2")),
        edited(
            "backing-name-in-header",
            "a backing name inside the header's fields",
            s -> backing(s, 4, 8)),
        edited(
            "backing-format-15", "a backing format name of the longest length", s -> format(s, 15)),
        edited("backing-format-16", "a backing format name one byte too long", s -> format(s, 16)));
  }

  static List<ImageRecipe> extensions() {
    return List.of(
        edited(
            "extension-past-cluster",
            "an extension longer than the header cluster",
            s -> extension(s, 0x1234_5678, CS)),
        edited(
            "extension-length-all-ones",
            "an extension of four gigabytes",
            s -> extension(s, 0x1234_5678, 0xffff_ffffL)),
        edited(
            "extension-past-backing-name",
            "an extension that runs into the backing name",
            DamagedHeaders::intoName),
        edited(
            "feature-table-odd-length",
            "a feature name table that ends inside an entry",
            s -> s.extensions().replace(HeaderExtensions.FEATURE_NAMES, new byte[50])),
        edited(
            "encryption-extension-too-short",
            "an encryption pointer of 8 bytes",
            s -> s.extensions().append(HeaderExtensions.ENCRYPTION, new byte[8])),
        edited(
            "encryption-extension-without-method",
            "an encryption pointer in a plain image",
            s -> encryption(s, CS, 4_096)),
        edited(
            "encryption-header-unaligned",
            "a LUKS area off a cluster border",
            s -> luks(s, CS + 512, 4_096)),
        edited(
            "encryption-header-too-small",
            "a LUKS area smaller than its header",
            s -> luks(s, CS, 100)),
        edited(
            "encryption-header-past-eof",
            "a LUKS area behind the file",
            s -> luks(s, 1L << 40, 4_096)),
        edited(
            "encryption-header-no-luks",
            "a LUKS area without LUKS magic",
            s -> luks(s, s.appendCluster(), 4_096)));
  }

  private static ImageRecipe field(String name, String meaning, HeaderField field, long value) {
    return edited(name, meaning, surgeon -> surgeon.set(field, value));
  }

  private static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return DamagedBase.edited(name, meaning, edits);
  }

  private static void shortWithBit(ImageSurgeon surgeon) {
    HeaderExtensions extensions = surgeon.extensions();
    surgeon.set(HEADER_LENGTH, 104);
    extensions.rewrite();
    surgeon.setFeatureBit(INCOMPATIBLE_FEATURES, 3);
  }

  private static void backing(ImageSurgeon surgeon, long offset, long sizeBytes) {
    surgeon.write(8_192, bytes("n".repeat(1_100)));
    if (offset > 8_192) {
      surgeon.write(CS - 10, bytes("gone.qcow2"));
    }
    surgeon.set(BACKING_FILE_OFFSET, offset);
    surgeon.set(BACKING_FILE_SIZE, sizeBytes);
  }

  private static void named(ImageSurgeon surgeon, String name) {
    surgeon
        .extensions()
        .append(HeaderExtensions.BACKING_FORMAT, bytes("qcow2"))
        .setBackingName(name);
  }

  private static void format(ImageSurgeon surgeon, int lengthBytes) {
    surgeon
        .extensions()
        .append(HeaderExtensions.BACKING_FORMAT, bytes("f".repeat(lengthBytes)))
        .setBackingName("gone.qcow2");
  }

  /** An extension in the first place whose length is not true. */
  private static void extension(ImageSurgeon surgeon, int type, long lengthBytes) {
    long position = surgeon.headerLengthBytes();
    surgeon.setNumber(position, 4, type);
    surgeon.setNumber(position + 4, 4, lengthBytes);
  }

  private static void intoName(ImageSurgeon surgeon) {
    named(surgeon, "gone.qcow2");
    extension(
        surgeon, 0x1234_5678, surgeon.get(BACKING_FILE_OFFSET) - surgeon.headerLengthBytes() - 7);
  }

  private static void encryption(ImageSurgeon surgeon, long hostOffset, long lengthBytes) {
    byte[] content =
        java.nio.ByteBuffer.allocate(16).putLong(hostOffset).putLong(lengthBytes).array();
    surgeon.extensions().append(HeaderExtensions.ENCRYPTION, content);
  }

  private static void luks(ImageSurgeon surgeon, long hostOffset, long lengthBytes) {
    encryption(surgeon, hostOffset, lengthBytes);
    surgeon.set(CRYPT_METHOD, 2);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }
}
