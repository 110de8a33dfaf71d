package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.VolumeCalls;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * A process that begins many operations at once, each on a home of its own, lets each come to the
 * step that is wanted of it, and halts when all are there: {@code work|recover DIRECTORY}, the
 * directory holding a {@link HaltedHome} for each. Steps are those of the journal, and each change
 * of a name. What is only recovered begins no operation, and is halted at one of the first steps.
 * Says on a line for each home where it was, or that it was over before.
 */
final class HaltingProcess {

  static final int EXIT_CODE = 9;
  static final String OVER = "over";

  private static final Set<String> NAME_CHANGES =
      Set.of("rename", "link", "linkUnnamed", "unlink", "createDirectory", "removeDirectory");

  private static final int RECOVERY_STEPS = 4;

  private final int wanted;
  private final CompletableFuture<String> reached = new CompletableFuture<>();
  private final CountDownLatch never = new CountDownLatch(1);
  private int steps;

  private HaltingProcess(int wanted) {
    this.wanted = wanted;
  }

  private synchronized boolean isWanted() {
    steps++;
    return steps == wanted;
  }

  private void step(String name) {
    if (isWanted()) {
      reached.complete(name);
    } else if (!reached.isDone()) {
      return;
    }
    try {
      never.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private BoxHome open(HomeOptions options) throws IOException {
    VolumeCalls calls =
        (method, arguments) -> {
          if (NAME_CHANGES.contains(method)) {
            step(method);
          }
        };
    Volume volume = calls.over(Volumes.host());
    HomeLayout layout = new HomeLayout(options.directory());
    return BoxHome.open(
        options,
        volume,
        layout,
        Catalogue.open(layout.catalogue()),
        new SecureRandom(),
        InstantSource.system(),
        step -> step(step.name()));
  }

  private void work(HaltedWork work, boolean recoverOnly, Path directory) {
    try (BoxHome home = open(work.options(directory))) {
      if (!recoverOnly) {
        work.run(home, directory);
      }
      reached.complete(OVER);
    } catch (Exception | AssertionError e) {
      e.printStackTrace();
      reached.complete("failed: " + e);
    }
  }

  public static void main(String[] arguments) throws IOException {
    boolean recoverOnly = arguments[0].equals("recover");
    Path root = Path.of(arguments[1]);
    Map<String, HaltingProcess> started = new TreeMap<>();
    for (String name : Volumes.host().list(root)) {
      HaltedHome home = HaltedHome.named(name);
      HaltingProcess process =
          new HaltingProcess(recoverOnly ? 1 + home.step() % RECOVERY_STEPS : home.step());
      started.put(name, process);
      Thread thread =
          new Thread(() -> process.work(home.work(), recoverOnly, root.resolve(name)), name);
      thread.setDaemon(true);
      thread.start();
    }
    started.forEach((name, process) -> System.out.println(name + " " + process.reached.join()));
    System.out.flush();
    Runtime.getRuntime().halt(EXIT_CODE);
  }
}
