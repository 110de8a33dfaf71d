package io.github.qcow4j.qcow2.testing;

import java.util.List;
import java.util.SplittableRandom;

/** The commands that give an image persistent bitmaps and change them between writes. */
final class BitmapSteps {

  private final String fileName;
  private final SplittableRandom random;
  private final List<ReplayStep> steps;

  BitmapSteps(String fileName, SplittableRandom random, List<ReplayStep> steps) {
    this.fileName = fileName;
    this.random = random;
    this.steps = steps;
  }

  /** Adds bitmaps before the first write, so that they get contents. */
  void addFirst() {
    run("--add", "-g", Integer.toString(512 << random.nextInt(8)), fileName, "tracking");
    if (random.nextBoolean()) {
      run("--add", "--disable", fileName, "asleep");
    }
    if (random.nextBoolean()) {
      run("--add", "-g", "2M", fileName, "coarse one");
    }
  }

  /** Changes the set of bitmaps between two writes. */
  void change() {
    switch (random.nextInt(5)) {
      case 0 -> run("--disable", fileName, "tracking");
      case 1 -> run("--clear", fileName, "tracking");
      case 2 -> run("--add", "--merge", "tracking", fileName, "merged");
      case 3 -> {
        run("--add", fileName, "short-lived");
        run("--remove", fileName, "short-lived");
      }
      default -> run("--add", "-g", "1M", fileName, "late");
    }
  }

  private void run(String... arguments) {
    List<String> command = new java.util.ArrayList<>(List.of("qemu-img", "bitmap"));
    command.addAll(List.of(arguments));
    steps.add(ReplayStep.of(command));
  }
}
