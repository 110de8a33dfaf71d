package io.github.qcow4j.cli.fulldisk;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a qcow2 image shows besides its disk, and of which others its disk is. */
final class ShownImage {

  private static final QemuTools QEMU = QemuTools.require();
  private static final int SECTOR_BYTES = 512;

  private ShownImage() {}

  /**
   * Its size and options, its snapshots with their content, its bitmaps with their marks; not where
   * anything is, nor when it was made.
   */
  static List<String> besidesItsDisk(Path image) throws IOException {
    List<String> shown = new ArrayList<>(facts(image));
    try (Qcow2Image opened =
        (Qcow2Image)
            DiskImages.open(
                Volumes.host(),
                image,
                ReferencePolicy.allow(),
                ImageOptions.of(ImageFormat.QCOW2))) {
      for (InternalSnapshot snapshot : opened.snapshots()) {
        shown.add(snapshot.name() + ": " + content(image, snapshot.name()));
      }
      for (Bitmap bitmap : opened.bitmaps()) {
        shown.add(bitmap.name() + ": " + bitmap.flags() + " " + marks(opened, bitmap));
      }
    }
    return shown;
  }

  private static List<String> facts(Path image) {
    return QEMU.infoJson(image)
        .lines()
        .filter(line -> !line.matches(" *\"((full-backing-)?filename|actual-size|offset)\".*"))
        .filter(line -> !line.matches(" *\"(date|vm-clock)-n?sec\".*"))
        .toList();
  }

  private static String content(Path image, String snapshot) throws IOException {
    Path raw = Files.createTempFile("snapshot", ".raw");
    try {
      QEMU.convertToRaw(image, "qcow2", raw, "-l", "snapshot.name=" + snapshot);
      return ContentDigest.ofRaw(raw);
    } finally {
      Files.delete(raw);
    }
  }

  private static List<Long> marks(Qcow2Image image, Bitmap bitmap) throws IOException {
    DirtyBits bits = image.loadBitmap(bitmap);
    List<Long> marked = new ArrayList<>();
    for (long at = 0; at < image.virtualSize(); at += bitmap.granularityBytes()) {
      if (bits.get(at)) {
        marked.add(at);
      }
    }
    return marked;
  }

  /** Whether every sector of its disk is one of the first other's or the second other's. */
  static boolean isOfBoth(Path image, Path first, Path second) throws IOException {
    byte[] mixed = disk(image);
    byte[] left = disk(first);
    byte[] right = disk(second);
    boolean isOfBoth = mixed.length == left.length && mixed.length == right.length;
    for (int from = 0; isOfBoth && from < mixed.length; from += SECTOR_BYTES) {
      int to = Math.min(mixed.length, from + SECTOR_BYTES);
      isOfBoth =
          Arrays.equals(mixed, from, to, left, from, to)
              || Arrays.equals(mixed, from, to, right, from, to);
    }
    return isOfBoth;
  }

  private static byte[] disk(Path image) throws IOException {
    if (!isQcow2(image)) {
      return Files.readAllBytes(image);
    }
    Path raw = Files.createTempFile("disk", ".raw");
    try {
      QEMU.convertToRaw(image, raw);
      return Files.readAllBytes(raw);
    } finally {
      Files.delete(raw);
    }
  }

  static boolean isQcow2(Path image) {
    return image.toString().endsWith(".qcow2");
  }
}
