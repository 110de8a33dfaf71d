package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.HeaderField.AUTOCLEAR_FEATURES;
import static io.github.qcow4j.qcow2.testing.HeaderField.COMPATIBLE_FEATURES;
import static io.github.qcow4j.qcow2.testing.HeaderField.HEADER_LENGTH;
import static io.github.qcow4j.qcow2.testing.HeaderField.INCOMPATIBLE_FEATURES;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Legal but unusual headers, and headers that only a part of the operations may refuse. */
final class HeaderSpecials {

  private static final int UNKNOWN_EXTENSION = 0x7a6f_6f31;

  private HeaderSpecials() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        edited("dirty-bit", "the dirty bit is set", s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 0)),
        edited(
            "corrupt-bit",
            "the corrupt bit is set",
            s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 1)),
        edited(
            "unknown-compatible-bit",
            "an unknown compatible bit",
            s -> s.setFeatureBit(COMPATIBLE_FEATURES, 33)),
        edited(
            "unknown-autoclear-bit",
            "an unknown autoclear bit",
            s -> s.setFeatureBit(AUTOCLEAR_FEATURES, 40)),
        edited(
            "unknown-incompatible-bit",
            "an unknown incompatible bit without a name",
            s -> s.setFeatureBit(INCOMPATIBLE_FEATURES, 20)),
        edited(
            "named-incompatible-bit",
            "an unknown incompatible bit with a name",
            s -> named(s, 20, "time travel")),
        edited(
            "two-unknown-incompatible-bits",
            "one unknown incompatible bit with, one without a name",
            HeaderSpecials::namedAndUnnamed),
        edited(
            "name-of-46-bytes",
            "a feature name that fills its field",
            s -> named(s, 63, "x".repeat(46))),
        edited(
            "name-without-padding",
            "a feature name table that ends with the letters of a name",
            HeaderSpecials::namedWithoutPadding),
        edited(
            "no-feature-name-table",
            "version 3 without a feature name table",
            s -> s.extensions().remove(HeaderExtensions.FEATURE_NAMES)),
        edited(
            "unknown-extensions",
            "two unknown extensions, one of them empty",
            HeaderSpecials::unknownExtensions),
        edited(
            "no-end-marker",
            "extensions up to the end of the cluster without an end marker",
            HeaderSpecials::noEndMarker),
        edited("header-104", "a header of 104 bytes", s -> headerLength(s, 104)),
        edited("header-152", "a header with unknown fields", s -> headerLength(s, 152)),
        edited(
            "header-length-not-multiple-of-8", "a header of 109 bytes", s -> headerLength(s, 109)),
        edited(
            "size-not-multiple-of-512",
            "a virtual size 24 bytes short of a sector border",
            s -> s.set(HeaderField.SIZE, (1 << 20) - 24)),
        edited(
            "oversized-l1",
            "an L1 table with more entries than needed",
            s -> s.set(HeaderField.L1_SIZE, 77)),
        new ImageRecipe(
            "version-2-plain",
            "version 2 as QEMU writes it",
            b -> b.image("v2.qcow2", "compat=0.10", 1 << 20, "write -P 3 0 100k")),
        new ImageRecipe("luks", "LUKS encryption", HeaderSpecials::luks),
        new ImageRecipe("aes", "legacy AES encryption", HeaderSpecials::aes),
        new ImageRecipe(
            "virtual-size-zero", "a disk of no bytes", b -> b.image("zero.qcow2", "", 0)),
        new ImageRecipe(
            "lazy-refcounts-after-a-kill",
            "lazy refcounts, and the writer was killed",
            HeaderSpecials::killed));
  }

  private static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(
        name,
        meaning,
        bench ->
            bench.operate(
                bench.image(
                    "image.qcow2", "", 1 << 20, "write -P 3 100k 300k", "write -z 512k 64k"),
                edits));
  }

  private static void named(ImageSurgeon surgeon, int bit, String name) {
    surgeon.setFeatureBit(INCOMPATIBLE_FEATURES, bit);
    byte[] entry = Arrays.copyOf(new byte[] {0, (byte) bit}, 48);
    byte[] text = name.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, entry, 2, text.length);
    surgeon.extensions().replace(HeaderExtensions.FEATURE_NAMES, entry);
  }

  private static void namedAndUnnamed(ImageSurgeon surgeon) {
    named(surgeon, 20, "time travel");
    surgeon.setFeatureBit(INCOMPATIBLE_FEATURES, 35);
  }

  private static void namedWithoutPadding(ImageSurgeon surgeon) {
    surgeon.setFeatureBit(INCOMPATIBLE_FEATURES, 20);
    surgeon
        .extensions()
        .remove(HeaderExtensions.FEATURE_NAMES)
        .append(HeaderExtensions.FEATURE_NAMES, "\0\24time travel".getBytes(US_ASCII));
  }

  private static void unknownExtensions(ImageSurgeon surgeon) {
    surgeon
        .extensions()
        .append(UNKNOWN_EXTENSION, Workbench.randomBytes(13, 1))
        .append(UNKNOWN_EXTENSION + 1, new byte[0]);
  }

  private static void noEndMarker(ImageSurgeon surgeon) {
    HeaderExtensions extensions = surgeon.extensions();
    int used = surgeon.headerLengthBytes();
    for (HeaderExtensions.Extension extension : extensions.list()) {
      used += 8 + (extension.content().length + 7) / 8 * 8;
    }
    int rest = surgeon.clusterSizeBytes() - used - 8;
    surgeon.setNumber(used, 4, UNKNOWN_EXTENSION);
    surgeon.setNumber(used + 4, 4, rest);
    surgeon.write(used + 8, Workbench.randomBytes(rest, 2));
  }

  /** Moves the extensions behind a header of another length; added bytes are not zero. */
  private static void headerLength(ImageSurgeon surgeon, int lengthBytes) {
    HeaderExtensions extensions = surgeon.extensions();
    int before = surgeon.headerLengthBytes();
    surgeon.set(HEADER_LENGTH, lengthBytes);
    extensions.rewrite();
    if (lengthBytes > before) {
      surgeon.write(before, Workbench.randomBytes(lengthBytes - before, 3));
    }
  }

  private static Path luks(Workbench bench) {
    Path image = bench.path("luks.qcow2");
    // QEMU times its key derivation, and gives up now and then when the clock is too coarse.
    ToolRun created = createLuks(bench, image);
    for (int i = 0; i < 30 && created.stderr().contains("CPU usage"); i++) {
      created = createLuks(bench, image);
    }
    created.orFail();
    bench
        .qemu()
        .ioRaw(
            List.of(
                "--object",
                "secret,id=s0,data=open sesame",
                "--image-opts",
                "-c",
                "write -P 3 0 128k",
                "driver=qcow2,file.filename=luks.qcow2,encrypt.format=luks,encrypt.key-secret=s0"))
        .orFail();
    return image;
  }

  private static ToolRun createLuks(Workbench bench, Path image) {
    return bench
        .qemu()
        .img(
            "create",
            "-q",
            "--object",
            "secret,id=s0,data=open sesame",
            "-f",
            "qcow2",
            "-o",
            "encrypt.format=luks,encrypt.key-secret=s0,encrypt.iter-time=10",
            image.toString(),
            "1M");
  }

  /** Tools that no longer make such images still recognise the header. */
  private static Path aes(Workbench bench) {
    Path image = bench.path("aes.qcow2");
    ToolRun created =
        bench
            .qemu()
            .img(
                "create",
                "-q",
                "--object",
                "secret,id=s0,data=sesame",
                "-f",
                "qcow2",
                "-o",
                "encrypt.format=aes,encrypt.key-secret=s0",
                image.toString(),
                "1M");
    if (created.exitCode() != 0) {
      bench.image("aes.qcow2", "", 1 << 20, "write -P 3 0 128k");
      bench.operate(image, surgeon -> surgeon.set(HeaderField.CRYPT_METHOD, 1));
    }
    return image;
  }

  private static Path killed(Workbench bench) {
    Path image = bench.image("killed.qcow2", "lazy_refcounts=on", 1 << 20);
    bench
        .qemu()
        .ioRaw(
            List.of(
                "-f",
                "qcow2",
                "-c",
                "write -P 3 0 200k",
                "-c",
                "write -z 64k 64k",
                "-c",
                "flush",
                "-c",
                "sigraise 9",
                image.toString()))
        .expectExit(137);
    return image;
  }
}
