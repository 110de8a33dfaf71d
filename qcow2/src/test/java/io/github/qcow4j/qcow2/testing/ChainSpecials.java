package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Images that refer to other files in unusual, hostile or broken ways. */
final class ChainSpecials {

  private static final long SIZE = 1 << 20;

  private ChainSpecials() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        new ImageRecipe(
            "raw-parent-with-qcow2-magic",
            "a raw parent that begins like a qcow2 image, format stored",
            ChainSpecials::disguised),
        new ImageRecipe(
            "parent-without-stored-format",
            "an overlay that stores no format for its parent",
            ChainSpecials::unformatted),
        new ImageRecipe(
            "parent-missing",
            "the backing file does not exist",
            b -> b.unsafeOverlay("top.qcow2", "gone.qcow2", "qcow2", SIZE)),
        new ImageRecipe(
            "grandparent-missing",
            "the backing file's backing file does not exist",
            ChainSpecials::grandparentMissing),
        new ImageRecipe(
            "parent-is-a-directory",
            "the backing file is a directory",
            b -> b.unsafeOverlay("top.qcow2", ".", "raw", SIZE)),
        new ImageRecipe(
            "parent-of-wrong-format",
            "a raw file stored as a qcow2 parent",
            ChainSpecials::wrongFormat),
        new ImageRecipe(
            "parent-format-unknown",
            "a stored backing format that does not exist",
            b -> formatted(b, "vhdx9")),
        new ImageRecipe("loop-of-1", "an image that backs itself", b -> loop(b, 1)),
        new ImageRecipe("loop-of-2", "two images that back each other", b -> loop(b, 2)),
        new ImageRecipe(
            "loop-of-3", "three images that back each other in a ring", b -> loop(b, 3)),
        new ImageRecipe(
            "loop-behind-an-overlay", "an overlay over a ring of two", ChainSpecials::loopBehind),
        new ImageRecipe(
            "chain-of-256", "an overlay with 256 backing files", b -> longChain(b, 256)),
        new ImageRecipe(
            "chain-of-257", "an overlay with 257 backing files", b -> longChain(b, 257)),
        new ImageRecipe(
            "backing-name-json",
            "a backing name that describes block nodes in JSON",
            ChainSpecials::json),
        new ImageRecipe(
            "backing-name-nbd",
            "a backing name of a network protocol",
            b -> b.unsafeOverlay("top.qcow2", "nbd:127.0.0.1:1", "raw", SIZE)),
        new ImageRecipe(
            "backing-name-file-protocol",
            "a backing name with the file protocol",
            ChainSpecials::fileProtocol),
        new ImageRecipe(
            "backing-name-with-colon",
            "a relative backing name whose colon follows a slash",
            ChainSpecials::colon),
        new ImageRecipe(
            "backing-name-of-1023-bytes",
            "the longest backing name",
            b -> b.unsafeOverlay("top.qcow2", "n".repeat(1_023), "raw", SIZE)),
        new ImageRecipe(
            "backing-name-dot-dot",
            "a backing name that leads through the parent folder",
            ChainSpecials::dotDot),
        new ImageRecipe(
            "reached-through-a-link",
            "the overlay is opened by a link in another folder",
            ChainSpecials::linked),
        new ImageRecipe(
            "backing-name-through-a-link",
            "the backing name is a symbolic link",
            ChainSpecials::linkedParent),
        new ImageRecipe(
            "parent-of-size-zero", "a backing file without any bytes", ChainSpecials::emptyParent),
        new ImageRecipe(
            "stale-data-under-zeros",
            "zero clusters of both kinds over parent data",
            ChainSpecials::zeros),
        new ImageRecipe(
            "parent-with-bigger-clusters",
            "4 KiB clusters over 2 MiB clusters",
            b -> mixed(b, "2M", "4k")),
        new ImageRecipe(
            "parent-with-smaller-clusters",
            "2 MiB clusters over 512 byte clusters",
            b -> mixed(b, "512", "2M")),
        new ImageRecipe(
            "data-file-missing",
            "the external data file does not exist",
            ChainSpecials::dataFileMissing),
        new ImageRecipe(
            "data-file-without-name",
            "an external data file whose name is not stored",
            ChainSpecials::dataFileUnnamed),
        new ImageRecipe(
            "data-file-name-json",
            "a data file name that looks like JSON",
            b -> dataFileNamed(b, "json:{\"driver\":\"null-co\"}")),
        new ImageRecipe(
            "data-file-name-relative",
            "a relative data file name, found only from the image's directory",
            b -> dataFileNamed(b, "guest.data")),
        new ImageRecipe(
            "data-file-shorter-than-disk",
            "an external data file that ends before the disk",
            ChainSpecials::dataFileShort));
  }

  private static Path disguised(Workbench bench) {
    Path inner = bench.image("inner.qcow2", "", SIZE, "write -P 66 0 1M");
    Path raw = bench.copy(inner, "guest.raw");
    bench.qemu().createOverlay(bench.path("top.qcow2"), "", raw.getFileName().toString(), "raw");
    return bench.write(bench.path("top.qcow2"), "write -P 1 128k 64k");
  }

  private static Path unformatted(Workbench bench) {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    Path top = bench.overlay("top.qcow2", "", "base.qcow2", "write -P 1 128k 64k");
    return bench.operate(
        top, surgeon -> surgeon.extensions().remove(HeaderExtensions.BACKING_FORMAT));
  }

  private static Path grandparentMissing(Workbench bench) {
    bench.unsafeOverlay("middle.qcow2", "gone.qcow2", "qcow2", SIZE);
    return bench.unsafeOverlay("top.qcow2", "middle.qcow2", "qcow2", SIZE);
  }

  private static Path wrongFormat(Workbench bench) {
    bench.file("plain.raw", Workbench.randomBytes(65_536, 1));
    return bench.unsafeOverlay("top.qcow2", "plain.raw", "qcow2", SIZE);
  }

  private static Path formatted(Workbench bench, String format) {
    bench.file("plain.raw", Workbench.randomBytes(65_536, 1));
    Path top = bench.unsafeOverlay("top.qcow2", "plain.raw", "raw", SIZE);
    byte[] name = format.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    return bench.operate(
        top, surgeon -> surgeon.extensions().replace(HeaderExtensions.BACKING_FORMAT, name));
  }

  private static Path loop(Workbench bench, int length) {
    for (int i = 0; i < length; i++) {
      bench.unsafeOverlay(
          "loop-" + i + ".qcow2", "loop-" + (i + 1) % length + ".qcow2", "qcow2", SIZE);
    }
    return bench.path("loop-0.qcow2");
  }

  private static Path loopBehind(Workbench bench) {
    loop(bench, 2);
    return bench.unsafeOverlay("top.qcow2", "loop-1.qcow2", "qcow2", SIZE);
  }

  /** Layer 0 is the base; copies of one overlay differ in their backing names only. */
  private static Path longChain(Workbench bench, int backingFiles) {
    bench.image("layer-000.qcow2", "cluster_size=4k", SIZE, "write -P 3 0 8k");
    Path first = bench.overlay("layer-001.qcow2", "cluster_size=4k", "layer-000.qcow2");
    for (int i = 2; i <= backingFiles; i++) {
      String parent = "layer-%03d.qcow2".formatted(i - 1);
      Path layer = bench.copy(first, "layer-%03d.qcow2".formatted(i));
      bench.operate(layer, surgeon -> surgeon.extensions().setBackingName(parent));
    }
    return bench.path("layer-%03d.qcow2".formatted(backingFiles));
  }

  private static Path json(Workbench bench) {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    String name =
        "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\""
            + bench.path("base.qcow2")
            + "\"}}";
    return bench.unsafeOverlay("top.qcow2", name, "qcow2", SIZE);
  }

  private static Path fileProtocol(Workbench bench) {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    return bench.unsafeOverlay("top.qcow2", "file:" + bench.path("base.qcow2"), "qcow2", SIZE);
  }

  private static Path colon(Workbench bench) {
    bench.copy(bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M"), "nbd:base.qcow2");
    return bench.unsafeOverlay("top.qcow2", "./nbd:base.qcow2", "qcow2", SIZE);
  }

  private static Path dotDot(Workbench bench) {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    String name = "../" + bench.directory().getFileName() + "/base.qcow2";
    return bench.unsafeOverlay("top.qcow2", name, "qcow2", SIZE);
  }

  /** QEMU looks for the backing file beside the link, where only a different base is. */
  private static Path linked(Workbench bench) {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    Path top = bench.overlay("top.qcow2", "", "base.qcow2", "write -P 1 128k 64k");
    bench.file("elsewhere/note", new byte[0]);
    bench.image("elsewhere/base.qcow2", "", SIZE, "write -P 99 0 1M");
    return link(bench.path("elsewhere/top.qcow2"), top);
  }

  private static Path linkedParent(Workbench bench) {
    bench.file("deep/note", new byte[0]);
    bench.image("deep/base.qcow2", "", SIZE, "write -P 66 0 1M");
    bench.overlay("deep/middle.qcow2", "", "base.qcow2", "write -P 67 0 64k");
    bench.image("base.qcow2", "", SIZE, "write -P 99 0 1M");
    link(bench.path("link.qcow2"), bench.path("deep/middle.qcow2"));
    return bench.unsafeOverlay("top.qcow2", "link.qcow2", "qcow2", SIZE);
  }

  private static Path link(Path link, Path target) {
    try {
      return Files.createSymbolicLink(link, target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path emptyParent(Workbench bench) {
    bench.file("empty.raw", new byte[0]);
    Path top = bench.unsafeOverlay("top.qcow2", "empty.raw", "raw", SIZE);
    return bench.write(top, "write -P 1 128k 64k");
  }

  private static Path zeros(Workbench bench) {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    return bench.overlay(
        "top.qcow2",
        "",
        "base.qcow2",
        "write -P 1 128k 128k",
        "write -z 128k 64k",
        "write -z 512k 64k",
        "discard 192k 64k",
        "write -zu 640k 100k");
  }

  private static Path mixed(Workbench bench, String parentCluster, String cluster) {
    bench.file("data", Workbench.halfRandomBytes(99_991, 2));
    bench.image(
        "base.qcow2",
        "cluster_size=" + parentCluster,
        SIZE,
        "write -s data 1000 700000",
        "write -z 300k 10k");
    return bench.overlay(
        "top.qcow2",
        "cluster_size=" + cluster,
        "base.qcow2",
        "write -P 1 5k 3k",
        "write -P 2 600k 5k");
  }

  private static Path withDataFile(Workbench bench) {
    Path image = bench.path("image.qcow2");
    bench.qemu().create(image, "data_file=" + bench.path("guest.data"), SIZE);
    return bench.write(image, "write -P 5 0 300k", "write -z 64k 64k");
  }

  private static Path dataFileMissing(Workbench bench) {
    Path image = withDataFile(bench);
    try {
      Files.delete(bench.path("guest.data"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return image;
  }

  private static Path dataFileUnnamed(Workbench bench) {
    return bench.operate(
        withDataFile(bench), surgeon -> surgeon.extensions().remove(HeaderExtensions.DATA_FILE));
  }

  private static Path dataFileNamed(Workbench bench, String name) {
    byte[] bytes = name.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    return bench.operate(
        withDataFile(bench),
        surgeon -> surgeon.extensions().replace(HeaderExtensions.DATA_FILE, bytes));
  }

  private static Path dataFileShort(Workbench bench) {
    Path image = withDataFile(bench);
    ImageSurgeon.operate(bench.path("guest.data"), surgeon -> surgeon.truncate(200_000));
    return image;
  }
}
