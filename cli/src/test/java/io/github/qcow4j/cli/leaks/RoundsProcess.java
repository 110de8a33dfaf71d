package io.github.qcow4j.cli.leaks;

import io.github.qcow4j.cli.leaks.Holdings.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rounds of all jobs, in a process of its own: {@code DIRECTORY WARM-UP ROUNDS SECONDS}. Stretches
 * follow one another, each twice as long as the last, until there is no kind of thing left that
 * every one of them kept some of. The first has so many rounds, and as many more as begin in this
 * time. What a job keeps is kept in every stretch; what a library takes for itself, once, is not.
 *
 * <p>Says on a line each what a stretch kept, and on the last the kinds that all kept.
 */
final class RoundsProcess {

  private static final int MOST_STRETCHES = 3;

  private final CommandRound commands;
  private final KeptRound kept;

  private RoundsProcess(CommandRound commands, KeptRound kept) {
    this.commands = commands;
    this.kept = kept;
  }

  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    int warmUp = Integer.parseInt(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    long nanoseconds = Long.parseLong(arguments[3]) * 1_000_000_000;
    CommandRound commands = new CommandRound(Files.createDirectory(directory.resolve("commands")));
    try (KeptRound kept = new KeptRound(Files.createDirectory(directory.resolve("kept")))) {
      RoundsProcess process = new RoundsProcess(commands, kept);
      process.rounds(warmUp, 0);
      List<String> files = CommandRound.files(directory);
      System.out.println(process.keptByAll(rounds, nanoseconds));
      List<String> left = CommandRound.files(directory);
      if (!left.equals(files)) {
        throw new AssertionError(left + " in place of " + files);
      }
    }
  }

  private Set<Kind> keptByAll(int rounds, long nanoseconds) throws IOException {
    Set<Kind> suspects = EnumSet.allOf(Kind.class);
    Map<Kind, Long> before = Holdings.now();
    for (int i = 0; i < MOST_STRETCHES && !suspects.isEmpty(); i++) {
      int done = rounds(rounds << i, i == 0 ? nanoseconds : 0);
      Map<Kind, Long> after = Holdings.now();
      System.out.printf("held before %d rounds %s, after them %s%n", done, before, after);
      suspects.retainAll(Slack.exceeded(before, after, done));
      before = after;
    }
    return suspects;
  }

  private int rounds(int least, long nanoseconds) throws IOException {
    long start = System.nanoTime();
    int done = 0;
    while (done < least || System.nanoTime() - start < nanoseconds) {
      commands.run();
      kept.run();
      done++;
    }
    return done;
  }
}
