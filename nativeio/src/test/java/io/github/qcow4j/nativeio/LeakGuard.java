package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Looks at this process before and after every test class of every module: a file that is still
 * open, or one of our threads that still runs, fails the class. On Linux; elsewhere it sees no
 * files.
 */
public final class LeakGuard implements BeforeAllCallback, AfterAllCallback {

  private static final Path HANDLES = Path.of("/proc/self/fd");

  /** What is opened once, for all that follow: programs, devices, and what others' code keeps. */
  private static final Set<String> KEPT =
      Set.of(".jar", ".so", ".jsa", "/modules", OwnedHomes.LOCK);

  /** Threads that serve whoever comes until nobody has come for a while. */
  private static final String SHARED_THREADS = "qcow4j-portable-io";

  private static final Duration LONGEST_END = Duration.ofSeconds(5);

  /** What there was before. */
  public record Before(Map<String, Integer> files, Set<Thread> threads) {}

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    store(context).put(Before.class, now());
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    List<String> left = left(store(context).remove(Before.class, Before.class));
    if (!left.isEmpty()) {
      throw new AssertionError(context.getDisplayName() + " has left open: " + left);
    }
  }

  /** What is open in this process at this moment. */
  public static Before now() throws IOException {
    return new Before(openFiles(), Thread.getAllStackTraces().keySet());
  }

  /** What there is now and was not then. */
  public static List<String> left(Before before) throws IOException {
    List<String> left = new ArrayList<>();
    openFiles()
        .forEach((file, count) -> {
          if (count > before.files().getOrDefault(file, 0)) {
            left.add(file);
          }
        });
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (!before.threads().contains(thread) && isOurs(thread) && !ends(thread)) {
        left.add(thread.getName());
      }
    }
    return left;
  }

  private static ExtensionContext.Store store(ExtensionContext context) {
    return context.getStore(
        ExtensionContext.Namespace.create(LeakGuard.class, context.getUniqueId()));
  }

  /** Whether a thread is one of this project's that has to end with what it was begun for. */
  public static boolean isOurs(Thread thread) {
    return thread.getName().startsWith("qcow4j") && !thread.getName().equals(SHARED_THREADS);
  }

  /** Whether a thread comes to its end: one whose work has ended takes a moment for it. */
  public static boolean ends(Thread thread) {
    try {
      return thread.join(LONGEST_END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** How often each file is open. */
  private static Map<String, Integer> openFiles() throws IOException {
    Map<String, Integer> open = new TreeMap<>();
    if (!Files.isDirectory(HANDLES)) {
      return open;
    }
    try (Stream<Path> handles = Files.list(HANDLES)) {
      for (Path handle : handles.toList()) {
        try {
          String file = Files.readSymbolicLink(handle).toString();
          if (isWatched(file)) {
            open.merge(file, 1, Integer::sum);
          }
        } catch (NoSuchFileException e) {
          // That of the listing itself, or one that another thread has closed meanwhile.
        }
      }
    }
    return open;
  }

  private static boolean isWatched(String file) {
    return file.startsWith("/")
        && !file.startsWith("/dev/pts")
        && !file.equals("/dev/null")
        && !file.equals("/dev/urandom")
        && !file.equals("/dev/random")
        && !file.startsWith("/proc/")
        && KEPT.stream().noneMatch(file::endsWith);
  }
}
