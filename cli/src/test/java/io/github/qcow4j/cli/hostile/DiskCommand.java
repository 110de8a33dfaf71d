package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.console.Personality;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A command that changes an image, and what its disk and snapshots show afterwards.
 *
 * @param words what it is called with; IMAGE stands for the file, RAW for one of {@link #raw}
 * @param personality whose part it plays
 * @param effect what is shown when it has succeeded
 * @param begun what is known when it has failed; null for those that change nothing then
 */
record DiskCommand(
    String words,
    Personality personality,
    UnaryOperator<ShownDisks> effect,
    UnaryOperator<ShownDisks> begun) {

  private static final int BUFFER_BYTES = 4096;
  private static final int MORE_BYTES = 64 << 10;

  private static final int RAW_BYTES = 96 << 10;

  private static final List<String> WITHOUT_EFFECT =
      List.of(
          "amend -o compat=0.10 IMAGE",
          "amend -o compat=1.1 IMAGE",
          "amend -o lazy_refcounts=on IMAGE",
          "amend -o refcount_bits=16 IMAGE",
          "amend -o refcount_bits=64 IMAGE",
          "bitmap --add IMAGE b2",
          "bitmap --add -g 512 IMAGE b3",
          "bitmap --remove IMAGE b0",
          "bitmap --remove IMAGE b1",
          "bitmap --clear IMAGE b0",
          "bitmap --clear IMAGE b1",
          "bitmap --merge b0 IMAGE b1",
          "bitmap --merge b1 IMAGE b0",
          "bitmap --enable IMAGE b1",
          "bitmap --disable IMAGE b0",
          "rebase -u -b  IMAGE");

  /** What is copied to disks: data and zeros by turns. */
  static byte[] raw() {
    byte[] bytes = new byte[RAW_BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i / 5000 % 3 == 0 ? 0 : 100 + i / 5000);
    }
    return bytes;
  }

  static DiskCommand drawn(Random random, ShownDisks shown) {
    return switch (random.nextInt(11)) {
      case 0, 1, 2 -> atOnce(any(random, WITHOUT_EFFECT), each -> each);
      case 3 -> bench(random, shown.disk().sizeBytes());
      case 4 -> longer(random, shown.disk().sizeBytes() + MORE_BYTES);
      case 5 -> shorter(shown.disk().sizeBytes() / 2);
      case 6 -> {
        String name = "made" + random.nextInt(1000);
        yield atOnce("snapshot -c %s IMAGE".formatted(name), each -> each.withSnapshot(name));
      }
      case 7, 8 -> ofSnapshot(random, shown);
      case 9 -> copy(shown.disk().sizeBytes());
      default ->
          new DiskCommand(
              any(random, List.of("check -q -r leaks IMAGE", "check -q -r all IMAGE")),
              Personality.QEMU_IMG,
              each -> each,
              each -> each);
    };
  }

  private static DiskCommand atOnce(String words, UnaryOperator<ShownDisks> effect) {
    return new DiskCommand(words, Personality.QEMU_IMG, effect, null);
  }

  private static DiskCommand bench(Random random, int sizeBytes) {
    int count = 1 + random.nextInt(8);
    int offset = random.nextInt((sizeBytes - count * BUFFER_BYTES) / 512) * 512;
    byte pattern = (byte) (64 + random.nextInt(32));
    return new DiskCommand(
        "bench -w -c %d -d 1 -s %d --pattern=%d -o %d -f qcow2 IMAGE"
            .formatted(count, BUFFER_BYTES, pattern, offset),
        Personality.QEMU_IMG,
        each -> each.withDisk(each.disk().written(offset, count * BUFFER_BYTES, pattern)),
        each -> each.withDisk(each.disk().forgotten(offset, count * BUFFER_BYTES)));
  }

  private static DiskCommand copy(int sizeBytes) {
    return new DiskCommand(
        "convert -n -f raw -O qcow2 RAW IMAGE",
        Personality.QEMU_IMG,
        each -> each.withDisk(each.disk().beginningWith(raw())),
        each -> each.withDisk(each.disk().forgotten(0, Math.min(RAW_BYTES, sizeBytes))));
  }

  private static DiskCommand longer(Random random, int sizeBytes) {
    String how = any(random, List.of("", "--preallocation=metadata ", "--preallocation=full "));
    return atOnce(
        "resize %sIMAGE %d".formatted(how, sizeBytes),
        each -> each.withDisk(each.disk().resized(sizeBytes)));
  }

  private static DiskCommand shorter(int sizeBytes) {
    return atOnce(
        "resize --shrink IMAGE " + sizeBytes,
        each -> each.withDisk(each.disk().resized(sizeBytes)));
  }

  private static DiskCommand ofSnapshot(Random random, ShownDisks shown) {
    if (shown.snapshots().isEmpty()) {
      return atOnce("snapshot -c again IMAGE", each -> each.withSnapshot("again"));
    }
    String name = any(random, List.copyOf(shown.snapshots().keySet()));
    ShownContent content = shown.snapshots().get(name);
    return random.nextBoolean()
        ? atOnce("snapshot -d %s IMAGE".formatted(name), each -> each.withoutSnapshot(name))
        : atOnce("snapshot -a %s IMAGE".formatted(name), each -> each.withDisk(content));
  }

  private static <T> T any(Random random, List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  List<String> arguments(Path image, Path rawFile) {
    return Stream.of(words.split(" ", -1))
        .map(word -> word.replace("IMAGE", image.toString()).replace("RAW", rawFile.toString()))
        .toList();
  }

  /** Whether it is done or changes nothing. */
  boolean isAtOnce() {
    return begun == null;
  }
}
