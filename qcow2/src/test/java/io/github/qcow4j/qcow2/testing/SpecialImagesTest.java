package io.github.qcow4j.qcow2.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SpecialImagesTest {

  /** What QEMU refuses to convert, by name; it reads all others. */
  private static final Set<String> UNREADABLE =
      new TreeSet<>(
          List.of(
              "unknown-incompatible-bit",
              "named-incompatible-bit",
              "two-unknown-incompatible-bits",
              "name-of-46-bytes",
              "name-without-padding",
              "luks",
              "aes",
              "parent-missing",
              "grandparent-missing",
              "parent-is-a-directory",
              "parent-of-wrong-format",
              "parent-format-unknown",
              "loop-of-1",
              "loop-of-2",
              "loop-of-3",
              "loop-behind-an-overlay",
              "backing-name-nbd",
              "backing-name-of-1023-bytes",
              "data-file-missing",
              "data-file-without-name",
              "data-file-name-json"));

  @Test
  void qemuReadsEveryImageButThoseWithAReason() {
    ImageShelf shelf = ImageShelf.shared();
    List<ImageRecipe> recipes = SpecialImages.all();
    Set<String> unreadable =
        shelf
            .verdicts(recipes, Probe.CONVERT)
            .filter(verdicts -> !verdicts.readable())
            .map(verdicts -> verdicts.image().getParent().getFileName().toString())
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(UNREADABLE, unreadable);
  }

  @Test
  void streamsReallyCrossHostClusterBorders() {
    for (String name : List.of("zlib-across-host-clusters", "zstd-across-host-clusters")) {
      try (ImageSurgeon surgeon = open(name)) {
        long crossing = 0;
        for (long guestOffset = 0;
            guestOffset < surgeon.get(HeaderField.SIZE);
            guestOffset += surgeon.clusterSizeBytes()) {
          if (surgeon.compressedEntry(guestOffset).sectors() > 0 && crosses(surgeon, guestOffset)) {
            crossing++;
          }
        }
        assertTrue(crossing >= 3, name + ": " + crossing);
      }
    }
  }

  @Test
  void theUnpaddedFileEndsWithTheStream() {
    try (ImageSurgeon surgeon = open("zlib-unpadded-eof")) {
      CompressedEntry last = surgeon.compressedEntry(2 * 4_096);
      byte[] input = surgeon.read(last.hostOffset(), Math.toIntExact(last.maxLengthBytes()));
      assertEquals(
          surgeon.lengthBytes(), last.hostOffset() + DeflateStreams.lengthBytes(input, 4_096));
      assertNotEquals(0, surgeon.lengthBytes() % 512);
    }
    try (ImageSurgeon surgeon = open("zstd-unpadded-eof")) {
      CompressedEntry last = surgeon.compressedEntry(2 * 4_096);
      assertTrue(surgeon.lengthBytes() > last.hostOffset());
      assertTrue(surgeon.lengthBytes() < last.hostOffset() + last.maxLengthBytes());
    }
  }

  @Test
  void theKilledWritersLeftTheirMarks() {
    try (ImageSurgeon surgeon = open("lazy-refcounts-after-a-kill")) {
      assertEquals(1, surgeon.get(HeaderField.INCOMPATIBLE_FEATURES) & 1);
    }
    String info =
        ImageShelf.shared()
            .verdicts(SpecialImages.named("bitmap-in-use"))
            .of(Probe.INFO_JSON)
            .stdout();
    assertTrue(info.contains("\"in-use\""), info);
  }

  private static ImageSurgeon open(String name) {
    return ImageSurgeon.open(ImageShelf.shared().verdicts(SpecialImages.named(name)).image());
  }

  private static boolean crosses(ImageSurgeon surgeon, long guestOffset) {
    if ((surgeon.l2Entry(guestOffset) & ImageSurgeon.COMPRESSED) == 0) {
      return false;
    }
    CompressedEntry entry = surgeon.compressedEntry(guestOffset);
    long lastSector = entry.hostOffset() / 512 + entry.sectors() - 1;
    return (entry.hostOffset() >> surgeon.clusterBits())
        != ((lastSector * 512) >> surgeon.clusterBits());
  }
}
