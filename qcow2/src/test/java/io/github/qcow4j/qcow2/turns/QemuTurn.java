package io.github.qcow4j.qcow2.turns;

import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.turns.TurnModel.Range;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A turn of QEMU's programs: one start of {@code qemu-io} or {@code qemu-img}. */
final class QemuTurn {

  private static final int MAX_COMMANDS = 6;

  private final QemuTools qemu;
  private final Path image;
  private final TurnModel model;
  private final Random random;
  private final byte[] pattern = new byte[9973];
  private final Path patternFile;

  QemuTurn(QemuTools qemu, Path image, TurnModel model, Random random) throws IOException {
    this.qemu = qemu;
    this.image = image;
    this.model = model;
    this.random = random;
    random.nextBytes(pattern);
    patternFile = image.resolveSibling("pattern");
    Files.write(patternFile, pattern);
  }

  /**
   * Does something to the image and the model.
   *
   * @param unallocated a range of clusters that hold nothing, for compressed data: QEMU refuses to
   *     compress over anything else
   */
  void run(Optional<Range> unallocated) {
    switch (model.anyChange()) {
      case NONE -> writes(unallocated);
      case TAKE_SNAPSHOT -> img("snapshot", "-c", model.takeSnapshot(), image.toString());
      case APPLY_SNAPSHOT -> {
        plainLastCluster();
        img("snapshot", "-a", model.applySnapshot(), image.toString());
      }
      case DELETE_SNAPSHOT -> img("snapshot", "-d", model.deleteSnapshot(), image.toString());
      case RESIZE -> resize();
      case COMMIT -> img("commit", "-q", "-f", "qcow2", image.toString());
    }
  }

  /**
   * QEMU cannot grow a disk over a backing file when its last cluster is compressed and has
   * subclusters.
   */
  private void plainLastCluster() {
    if (model.setup().extendedL2() && model.setup().backed()) {
      Range last = new Range(model.length() - 512, model.length());
      model.fill(last, 1);
      qemu.io(image, "write -P 1 " + text(last));
    }
  }

  private void resize() {
    plainLastCluster();
    int before = model.length();
    int after = model.resize();
    img("resize", "-q", "-f", "qcow2", "--shrink", image.toString(), Integer.toString(after));
    int clusterEnd =
        Math.ceilDiv(before, model.setup().clusterBytes()) * model.setup().clusterBytes();
    if (after > before && clusterEnd > before) {
      // QEMU lets the rest of the last cluster show what it held before the disk was shrunk.
      Range rest = new Range(before, Math.min(after, clusterEnd));
      qemu.io(image, "write -z " + text(rest));
    }
  }

  private void img(String... arguments) {
    model.did("qemu-img " + String.join(" ", arguments));
    qemu.img(arguments).orFail();
  }

  private void writes(Optional<Range> unallocated) {
    List<String> commands = new ArrayList<>();
    // First, and never over anything compressed: QEMU 7.2 goes on appending compressed data to a
    // host cluster that it has freed meanwhile.
    unallocated.ifPresent(range -> commands.add("write -c " + data(range)));
    int count = 1 + random.nextInt(MAX_COMMANDS);
    for (int i = 0; i < count; i++) {
      Range range = model.anyRange();
      commands.add(
          switch (random.nextInt(8)) {
            case 0 -> zeroes("write -z ", range);
            case 1 -> zeroes("write -zu ", range);
            case 2 -> discard(range);
            case 3 -> "flush";
            default -> "write " + data(range);
          });
    }
    model.did("qemu-io " + commands);
    qemu.io(image, commands.toArray(String[]::new));
  }

  private String zeroes(String command, Range range) {
    model.fill(range, 0);
    return command + text(range);
  }

  private String discard(Range range) {
    model.discard(range);
    return "discard " + text(range);
  }

  private String data(Range range) {
    if (random.nextBoolean()) {
      int value = random.nextInt(256);
      model.fill(range, value);
      return "-P " + value + " " + text(range);
    }
    byte[] bytes = new byte[range.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = pattern[i % pattern.length];
    }
    model.write(range, bytes);
    return "-s " + patternFile + " " + text(range);
  }

  private static String text(Range range) {
    return range.start() + " " + range.length();
  }
}
