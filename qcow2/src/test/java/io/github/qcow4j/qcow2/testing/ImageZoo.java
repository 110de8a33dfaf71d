package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Several hundred different images, written by the real {@code qemu-img} and {@code qemu-io}.
 *
 * <p>What an image holds follows from the seed and its number alone. {@code -Dqcow4j.seed} sets the
 * seed, {@code -Dqcow4j.zoo.count} the number of images; both are printed once. An image is made
 * when it is first asked for, two at a time and ahead of whoever walks over them, and stays until
 * the JVM ends: a second walk costs nothing. Safe for use by several threads.
 */
public final class ImageZoo {

  static final long DEFAULT_SEED = 20_250_731L;
  static final int DEFAULT_COUNT = 336;
  private static final int AHEAD = 24;
  private static final int MAX_FAILURES = 5;

  private final long seed;
  private final int count;
  private final Path root;
  private final QemuTools tools;
  private final ExecutorService workers;
  private final Map<Integer, Future<ZooImage>> images = new ConcurrentHashMap<>();

  private ImageZoo(long seed, int count, Path root, QemuTools tools) {
    this.seed = seed;
    this.count = count;
    this.root = root;
    this.tools = tools;
    this.workers =
        Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().name("zoo-", 0).factory());
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
    try {
      PatternFiles.writeAll(root, seed);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the pattern files", e);
    }
    return new ImageZoo(seed, count, root, QemuTools.require());
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
    return numbered(IntStream.range(0, count).boxed().toList());
  }

  /** The images that have every feature named; no others are made. */
  public Stream<ZooImage> with(Feature... features) {
    Set<Feature> wanted = Set.of(features);
    return numbered(
        IntStream.range(0, count)
            .filter(number -> plan(number).features().containsAll(wanted))
            .boxed()
            .toList());
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
    java.util.ArrayList<Throwable> failures = new java.util.ArrayList<>();
    java.util.Iterator<ZooImage> remaining = chosen.iterator();
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
    try {
      return request(number).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while image " + number + " was made", e);
    } catch (ExecutionException e) {
      throw new AssertionError(
          "image " + number + " of seed " + seed + " was not made: " + e.getCause(), e.getCause());
    }
  }

  ImagePlan plan(int number) {
    return ImagePlanner.plan(seed, number);
  }

  private Stream<ZooImage> numbered(List<Integer> numbers) {
    return IntStream.range(0, numbers.size())
        .mapToObj(position -> {
          int end = Math.min(numbers.size(), position + AHEAD);
          for (int number : numbers.subList(position, end)) {
            Future<ZooImage> _ = request(number);
          }
          return image(numbers.get(position));
        });
  }

  private Future<ZooImage> request(int number) {
    return images.computeIfAbsent(number, key -> workers.submit(() -> make(key)));
  }

  private ZooImage make(int number) throws IOException {
    ImagePlan plan = plan(number);
    Path directory = Files.createDirectories(root.resolve(plan.directoryName()));
    ZooImage image = plan.in(directory, seed);
    for (ReplayStep step : plan.steps()) {
      try {
        step.verify(
            ToolProcess.run(commandOf(step, directory), directory, QemuTools.TIMEOUT_SECONDS));
      } catch (AssertionError e) {
        throw new AssertionError(e.getMessage() + "\n" + image.explain(), e);
      }
    }
    return image;
  }

  private List<String> commandOf(ReplayStep step, Path directory) {
    List<String> command = new java.util.ArrayList<>(step.commandIn(directory.toString()));
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
      Path root = ScratchDirectory.create("qcow4j-zoo-");
      System.out.println(
          "image zoo: -Dqcow4j.seed=" + seed + " -Dqcow4j.zoo.count=" + count + " in " + root);
      return create(seed, count, root);
    }
  }
}
