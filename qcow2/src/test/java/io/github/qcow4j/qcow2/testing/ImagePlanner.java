package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Draws the plan of one image: same seed and number, same plan, whatever the size of the zoo. */
final class ImagePlanner {

  private static final String[] FOLDERS = {"", "", "", "parents", "parents/older", "with space"};
  private static final long HUGE_BYTES = 64L << 20;

  private final int number;
  private final Theme theme;
  private final SplittableRandom random;
  private final SpecChooser specs;
  private final List<ReplayStep> steps = new ArrayList<>();
  private final List<ImagePlan.Layer> layers = new ArrayList<>();
  private final Set<Feature> features = EnumSet.noneOf(Feature.class);
  private final List<ZooSnapshot> snapshots = new ArrayList<>();

  private ImagePlanner(long seed, int number) {
    this.number = number;
    this.theme = Theme.of(number);
    this.random = new SplittableRandom(seed * 1_000_003 + number);
    this.specs = new SpecChooser(theme, random);
  }

  static ImagePlan plan(long seed, int number) {
    return new ImagePlanner(seed, number).plan();
  }

  private ImagePlan plan() {
    int depth = depth();
    for (int i = 0; i < depth; i++) {
      addParent(i, depth);
    }
    LayerSpec top = specs.top(Theme.clusterBits(number), depth > 0);
    long size = topSize(top);
    createLayer("top.qcow2", top, size);
    long finalSize = writeTop(top, size);
    ImagePlan.Layer created = layers.removeLast();
    layers.add(
        new ImagePlan.Layer(
            created.fileName(), top, created.backingName(), created.dataFileName(), finalSize));
    PlanFeatures.addTo(features, layers, HUGE_BYTES);
    return new ImagePlan(
        number, description(top, depth, finalSize), layers, features, snapshots, steps);
  }

  private int depth() {
    return switch (theme) {
      case CHAIN -> random.nextInt(1, 6);
      case DEEP_CHAIN -> random.nextInt(6, 13);
      case COMPRESSED, ZSTD, SNAPSHOTS, OLD_VERSION, EXTENDED_L2 ->
          random.nextInt(3) == 0 ? random.nextInt(1, 3) : 0;
      case PREALLOCATED -> 0;
      case PLAIN, DATA_FILE, LAZY_REFCOUNTS, BITMAPS -> random.nextInt(4) == 0 ? 1 : 0;
    };
  }

  private void addParent(int index, int depth) {
    boolean raw = index == 0 && random.nextInt(3) == 0;
    String folder = FOLDERS[random.nextInt(FOLDERS.length)];
    String name = "layer-%02d.%s".formatted(index, raw ? "raw" : "qcow2");
    String fileName = folder.isEmpty() ? name : folder + "/" + name;
    if (!folder.isEmpty()) {
      steps.add(ReplayStep.of("mkdir", "-p", folder));
    }
    if (raw) {
      addRawBase(fileName);
      return;
    }
    LayerSpec spec = specs.parent(index > 0);
    long size =
        index == 0
            ? SizeChooser.standalone(spec, random, false)
            : SizeChooser.near(parentSize(), spec, random);
    createLayer(fileName, spec, size);
    write(fileName, spec, size, random.nextInt(1, depth > 5 ? 5 : 8), false);
  }

  /**
   * A raw base is a piece of a pattern file, with writes of its own and sometimes an odd length.
   */
  private void addRawBase(String fileName) {
    PatternFiles.Kind kind = PatternFiles.anyKind(random);
    int lengthBytes = random.nextInt(1, PatternFiles.lengthBytes(kind, 1));
    if (random.nextBoolean()) {
      lengthBytes = Math.max(512, lengthBytes / 512 * 512);
    }
    String pattern = "../" + PatternFiles.FOLDER + "/" + PatternFiles.name(kind, 1);
    steps.add(ReplayStep.of("cp", pattern, fileName));
    // Growing a file by truncation leaves a hole at its end, as guests' raw disks have.
    long fileBytes = random.nextInt(3) == 0 ? lengthBytes + 1_000_000L : lengthBytes;
    steps.add(ReplayStep.of("truncate", "-s", Integer.toString(lengthBytes), fileName));
    steps.add(ReplayStep.of("truncate", "-s", Long.toString(fileBytes), fileName));
    if (fileBytes % 512 != 0) {
      features.add(Feature.ODD_RAW_BASE);
    }
    layers.add(new ImagePlan.Layer(fileName, null, null, null, (fileBytes + 511) / 512 * 512));
  }

  private long topSize(LayerSpec top) {
    if (!layers.isEmpty()) {
      return SizeChooser.near(parentSize(), top, random);
    }
    return SizeChooser.standalone(
        top, random, theme == Theme.PLAIN || theme == Theme.COMPRESSED || theme == Theme.ZSTD);
  }

  private long parentSize() {
    return layers.getLast().virtualSizeBytes();
  }

  private void createLayer(String fileName, LayerSpec spec, long virtualSizeBytes) {
    @Nullable String dataFileName =
        spec.dataFile() == LayerSpec.DataFile.NONE ? null : fileName.replace(".qcow2", ".data");
    @Nullable String backingName =
        layers.isEmpty() ? null : backingName(fileName, layers.getLast().fileName());
    ImagePlan.Layer layer =
        new ImagePlan.Layer(fileName, spec, backingName, dataFileName, virtualSizeBytes);
    List<String> command =
        new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", "qcow2", "-o", layer.options()));
    if (backingName != null) {
      command.addAll(List.of("-b", backingName, "-F", layers.getLast().format()));
    }
    command.addAll(List.of(fileName, Long.toString(virtualSizeBytes)));
    steps.add(ReplayStep.of(command));
    layers.add(layer);
  }

  private String backingName(String overlay, String parent) {
    if (random.nextInt(5) == 0) {
      features.add(Feature.ABSOLUTE_BACKING_NAME);
      return ReplayStep.HERE + "/" + parent;
    }
    Path folder = Path.of("/" + overlay).getParent();
    String relative = folder.relativize(Path.of("/" + parent)).toString();
    if (relative.contains("/")) {
      features.add(Feature.BACKING_NAME_WITH_FOLDER);
    }
    return relative;
  }

  private long writeTop(LayerSpec top, long virtualSizeBytes) {
    if (virtualSizeBytes == 0 || random.nextInt(20) == 0) {
      features.add(Feature.EMPTY);
      return virtualSizeBytes;
    }
    if (theme == Theme.BITMAPS) {
      new BitmapSteps("top.qcow2", random, steps).addFirst();
      features.add(Feature.BITMAPS);
    }
    write("top.qcow2", top, virtualSizeBytes, random.nextInt(4, 11), false);
    if (theme == Theme.BITMAPS) {
      new BitmapSteps("top.qcow2", random, steps).change();
      write("top.qcow2", top, virtualSizeBytes, random.nextInt(1, 5), true);
    }
    if (theme == Theme.SNAPSHOTS && top.maySnapshot()) {
      return new SnapshotSteps(top, random, steps, snapshots, features)
          .add(virtualSizeBytes, size -> write("top.qcow2", top, size, random.nextInt(2, 7), true));
    }
    return virtualSizeBytes;
  }

  private void write(
      String fileName, LayerSpec spec, long size, int count, boolean mayBeAllocated) {
    GuestWrites writes =
        new GuestWrites(spec, size, mayBeAllocated, "../" + PatternFiles.FOLDER, random);
    boolean compress = theme == Theme.COMPRESSED || theme == Theme.ZSTD || random.nextInt(4) == 0;
    for (List<String> batch : writes.batches(count, compress)) {
      if (!batch.isEmpty()) {
        List<String> command = new ArrayList<>(List.of("qemu-io", "-t", "unsafe", "-f", "qcow2"));
        batch.forEach(text -> command.addAll(List.of("-c", text)));
        command.add(fileName);
        steps.add(new ReplayStep(command, writes.compressionMayBeRefused()));
      }
    }
    features.addAll(writes.features());
  }

  private String description(LayerSpec top, int depth, long size) {
    return "image %d: %s, v%d, %d bytes in clusters of %d, refcount width %d, %s%s%s, %d backing file%s, %s"
        .formatted(
            number,
            theme,
            top.version(),
            size,
            top.clusterSizeBytes(),
            top.refcountBits(),
            top.codec(),
            top.extendedL2() ? ", extended L2" : "",
            top.lazyRefcounts() ? ", lazy refcounts" : "",
            depth,
            depth == 1 ? "" : "s",
            features);
  }
}
