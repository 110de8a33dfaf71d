package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;

/**
 * A process that does one thing to a home and stops at a step of it, until it is killed: {@code
 * DIRECTORY WORK STEP}. Says {@code parked} when it is there.
 */
final class ParkedProcess {

  private ParkedProcess() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    HaltedWork work = HaltedWork.valueOf(arguments[1]);
    Step wanted = Step.valueOf(arguments[2]);
    HomeOptions options = work.options(directory);
    Volume volume = Volumes.host();
    HomeLayout layout = new HomeLayout(options.directory());
    try (BoxHome home =
        BoxHome.open(
            options,
            volume,
            layout,
            Catalogue.open(layout.catalogue()),
            new SecureRandom(),
            InstantSource.system(),
            step -> park(step, wanted))) {
      work.run(home, directory);
    }
  }

  private static void park(Step step, Step wanted) {
    if (step == wanted) {
      System.out.println("parked");
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
