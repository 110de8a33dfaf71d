package io.github.qcow4j.cli.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An option of an image format, as {@code -o} takes it.
 *
 * @param name its name
 * @param type what its value is
 * @param standard its value when it is not given, or null when that is not said
 * @param help what it is, for the list of options
 */
record FormatOption(String name, Type type, @Nullable String standard, String help) {

  /** What the value of an option is. */
  enum Type {
    TEXT("str"),
    FLAG("bool (on/off)"),
    NUMBER("num"),
    SIZE("size");

    private final String label;

    Type(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  private static final FormatOption SIZE =
      new FormatOption("size", Type.SIZE, null, "Virtual disk size");
  private static final FormatOption NOCOW =
      new FormatOption("nocow", Type.FLAG, null, "Turn off copy-on-write (valid only on btrfs)");
  private static final FormatOption EXTENT_SIZE_HINT =
      new FormatOption(
          "extent_size_hint", Type.SIZE, null, "Extent size hint for the image file, 0 to disable");

  /** The options of raw images alone, in the order in which they are shown. */
  static final List<FormatOption> RAW_FORMAT = List.of(SIZE);

  /** The options of raw images in files. */
  static final List<FormatOption> RAW =
      List.of(
          SIZE,
          NOCOW,
          new FormatOption(
              "preallocation",
              Type.TEXT,
              null,
              "Preallocation mode (allowed values: off, falloc, full)"),
          EXTENT_SIZE_HINT);

  /** The options of qcow2 images alone, in the order in which they are shown. */
  static final List<FormatOption> QCOW2_FORMAT =
      List.of(
          new FormatOption(
              "encryption",
              Type.FLAG,
              null,
              "Encrypt the image with format 'aes'. (Deprecated in favor of encrypt.format=aes)"),
          new FormatOption(
              "encrypt.format",
              Type.TEXT,
              null,
              "Encrypt the image, format choices: 'aes', 'luks'"),
          new FormatOption(
              "encrypt.key-secret",
              Type.TEXT,
              null,
              "ID of secret providing qcow AES key or LUKS passphrase"),
          new FormatOption(
              "encrypt.cipher-alg", Type.TEXT, null, "Name of encryption cipher algorithm"),
          new FormatOption(
              "encrypt.cipher-mode", Type.TEXT, null, "Name of encryption cipher mode"),
          new FormatOption("encrypt.ivgen-alg", Type.TEXT, null, "Name of IV generator algorithm"),
          new FormatOption(
              "encrypt.ivgen-hash-alg", Type.TEXT, null, "Name of IV generator hash algorithm"),
          new FormatOption(
              "encrypt.hash-alg", Type.TEXT, null, "Name of encryption hash algorithm"),
          new FormatOption(
              "encrypt.iter-time", Type.NUMBER, null, "Time to spend in PBKDF in milliseconds"),
          new FormatOption("cluster_size", Type.SIZE, "65536", "qcow2 cluster size"),
          new FormatOption("extended_l2", Type.FLAG, "off", "Extended L2 tables"),
          new FormatOption(
              "preallocation",
              Type.TEXT,
              null,
              "Preallocation mode (allowed values: off, metadata, falloc, full)"),
          new FormatOption(
              "compression_type",
              Type.TEXT,
              "zlib",
              "Compression method used for image cluster compression"),
          SIZE,
          new FormatOption(
              "compat", Type.TEXT, null, "Compatibility level (v2 [0.10] or v3 [1.1])"),
          new FormatOption("backing_file", Type.TEXT, null, "File name of a base image"),
          new FormatOption("backing_fmt", Type.TEXT, null, "Image format of the base image"),
          new FormatOption("data_file", Type.TEXT, null, "File name of an external data file"),
          new FormatOption(
              "data_file_raw",
              Type.FLAG,
              null,
              "The external data file must stay valid as a raw image"),
          new FormatOption("lazy_refcounts", Type.FLAG, "off", "Postpone refcount updates"),
          new FormatOption(
              "refcount_bits", Type.NUMBER, "16", "Width of a reference count entry in bits"));

  /** The options of qcow2 images in files. */
  static final List<FormatOption> QCOW2 = withFileOptions();

  private static List<FormatOption> withFileOptions() {
    List<FormatOption> all = new ArrayList<>(QCOW2_FORMAT);
    all.add(NOCOW);
    all.add(EXTENT_SIZE_HINT);
    return List.copyOf(all);
  }

  /** The options of qcow2 images that can be changed afterwards, in the order of QEMU's list. */
  static final List<FormatOption> QCOW2_AMENDED = amended();

  private static List<FormatOption> amended() {
    List<FormatOption> all = new ArrayList<>();
    all.add(
        new FormatOption(
            "encrypt.state",
            Type.TEXT,
            null,
            "Select new state of affected keyslots (active/inactive)"));
    all.add(
        new FormatOption(
            "encrypt.keyslot", Type.NUMBER, null, "Select a single keyslot to modify explicitly"));
    all.add(
        new FormatOption(
            "encrypt.old-secret", Type.TEXT, null, "Select all keyslots that match this password"));
    all.add(
        new FormatOption(
            "encrypt.new-secret",
            Type.TEXT,
            null,
            "New secret to set in the matching keyslots. Empty string to erase"));
    Set<String> kept =
        Set.of(
            "encrypt.iter-time",
            "size",
            "compat",
            "backing_file",
            "backing_fmt",
            "data_file",
            "data_file_raw",
            "lazy_refcounts",
            "refcount_bits");
    QCOW2_FORMAT.stream().filter(option -> kept.contains(option.name())).forEach(all::add);
    return List.copyOf(all);
  }

  /** Of them and those of ours, for which an image has to be written anew. */
  static final List<FormatOption> QCOW2_REWRITTEN = rewritten();

  private static List<FormatOption> rewritten() {
    List<FormatOption> all = new ArrayList<>(QCOW2_AMENDED);
    Set<String> ours = Set.of("cluster_size", "extended_l2", "compression_type");
    QCOW2_FORMAT.stream().filter(option -> ours.contains(option.name())).forEach(all::add);
    return List.copyOf(all);
  }

  /** The options of images of a format in files. */
  static List<FormatOption> of(String format) {
    return format.equals("raw") ? RAW : QCOW2;
  }
}
