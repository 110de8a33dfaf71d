package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Several hundred different images, written by the real {@code qemu-img} and {@code qemu-io}.
 *
 * <p>What an image holds follows from the seed and its number alone. {@code -Dqcow4j.seed} sets the
 * seed, {@code -Dqcow4j.zoo.count} the number of images; both are printed once. An image is made
 * when it is first asked for, two at a time and ahead of whoever walks over them, and stays until
 * the JVM, or the build, ends: a second walk costs nothing. Safe for use by several threads.
 */
public final class ImageZoo {

  static final long DEFAULT_SEED = 20_250_731L;
  static final int DEFAULT_COUNT = 240;
  private static final int MAX_FAILURES = 5;
  private static final boolean WHOLE = Boolean.getBoolean("qcow4j.zoo.whole");

  private final long seed;
  private final int count;
  private final SharedImages place;
  private final QemuTools tools;
  private final Ahead<Integer, ZooImage> images;

  private ImageZoo(long seed, int count, SharedImages place, QemuTools tools) {
    this.seed = seed;
    this.count = count;
    this.place = place;
    this.tools = tools;
    this.images = new Ahead<>("zoo-", this::make);
  }

  /**
   * The zoo of this JVM. Skips the calling test where the tools are missing (fails with {@code
   * CI=true}).
   */
  public static ImageZoo shared() {
    QemuTools.require();
    return Shared.ZOO;
  }

  /** A zoo of its own in {@code root}, for tests of the zoo itself. */
  static ImageZoo create(long seed, int count, Path root) {
    return create(seed, count, SharedImages.in(root));
  }

  private static ImageZoo create(long seed, int count, SharedImages place) {
    Path _ =
        place.once(
            PatternFiles.FOLDER,
            () -> {
              try {
                PatternFiles.writeAll(place.root(), seed);
              } catch (IOException e) {
                throw new UncheckedIOException("cannot write the pattern files", e);
              }
              return place.root().resolve(PatternFiles.FOLDER);
            });
    return new ImageZoo(seed, count, place, QemuTools.require());
  }

  public long seed() {
    return seed;
  }

  /** The number of images; they are numbered from 0. */
  public int count() {
    return count;
  }

  /** All images in the order of their numbers, made in the background ahead of the reader. */
  public Stream<ZooImage> stream() {
    return images.stream(IntStream.range(0, count).boxed().toList());
  }

  /** The images that have every feature named; no others are made. */
  public Stream<ZooImage> with(Feature... features) {
    Set<Feature> wanted = Set.of(features);
    return images.stream(
        IntStream.range(0, count)
            .filter(number -> plan(number).features().containsAll(wanted))
            .boxed()
            .toList());
  }

  /**
   * Chooses one image in so many, for tests whose subject others test with every image; {@code
   * -Dqcow4j.zoo.whole=true} chooses all of them.
   *
   * @param many best a prime: features return in smaller periods
   */
  public static Predicate<ZooImage> oneIn(int many) {
    return image -> WHOLE || image.number() % many == 0;
  }

  /** What a test does with one image. */
  @FunctionalInterface
  public interface ImageTest {
    /** Tests one image; whatever it throws is a failure of this image alone. */
    void test(ZooImage image) throws Exception;
  }

  /**
   * Calls {@code test} with every image.
   *
   * @throws AssertionError after {@value #MAX_FAILURES} failures or at the end, with the scripts of
   *     the images that failed
   */
  public void forEach(ImageTest test) {
    forEach(stream(), test);
  }

  /** Like {@link #forEach(ImageTest)}, over some images only. */
  public void forEach(Stream<ZooImage> chosen, ImageTest test) {
    ArrayList<Throwable> failures = new ArrayList<>();
    Iterator<ZooImage> remaining = chosen.iterator();
    while (remaining.hasNext() && failures.size() < MAX_FAILURES) {
      ZooImage image = remaining.next();
      try {
        test.test(image);
      } catch (Exception | AssertionError e) {
        failures.add(new AssertionError(e + "\n" + image.explain(), e));
      }
    }
    if (!failures.isEmpty()) {
      AssertionError error =
          new AssertionError(
              failures.size()
                  + " images failed (seed "
                  + seed
                  + "):\n"
                  + failures.getFirst().getMessage());
      failures.forEach(error::addSuppressed);
      throw error;
    }
  }

  /** One image, made now unless it exists. */
  public ZooImage image(int number) {
    return images.get(number);
  }

  ImagePlan plan(int number) {
    return ImagePlanner.plan(seed, number);
  }

  private ZooImage make(int number) {
    ImagePlan plan = plan(number);
    Path directory = place.root().resolve(plan.directoryName());
    ZooImage image = plan.in(directory, seed);
    Path _ =
        place.once(
            plan.directoryName(),
            () -> {
              make(plan, directory, image);
              return directory;
            });
    return image;
  }

  private void make(ImagePlan plan, Path directory, ZooImage image) {
    directory.toFile().mkdirs();
    for (ReplayStep step : plan.steps()) {
      try {
        step.verify(
            ToolProcess.run(commandOf(step, directory), directory, QemuTools.TIMEOUT_SECONDS));
      } catch (AssertionError e) {
        throw new AssertionError(e.getMessage() + "\n" + image.explain(), e);
      }
    }
    SettledFiles.settle(directory);
  }

  private List<String> commandOf(ReplayStep step, Path directory) {
    List<String> command = new ArrayList<>(step.commandIn(directory.toString()));
    switch (command.getFirst()) {
      case "qemu-img" -> command.set(0, tools.qemuImg().toString());
      case "qemu-io" -> command.set(0, tools.qemuIo().toString());
      default -> {}
    }
    return command;
  }

  private static final class Shared {

    static final ImageZoo ZOO = make();

    private static ImageZoo make() {
      long seed = Long.getLong("qcow4j.seed", DEFAULT_SEED);
      int count = Integer.getInteger("qcow4j.zoo.count", DEFAULT_COUNT);
      SharedImages place = SharedImages.of("zoo");
      System.out.println(
          "image zoo: -Dqcow4j.seed="
              + seed
              + " -Dqcow4j.zoo.count="
              + count
              + " in "
              + place.root());
      ImageZoo zoo = create(seed, count, place);
      place.endWith(zoo.images);
      return zoo;
    }
  }
}
