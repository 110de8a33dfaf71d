package io.github.qcow4j.cli.hostile;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.qcow2.TappedVolume;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One command before one image, and what it did to files.
 *
 * @param command the command
 * @param run what it said
 * @param image the image
 * @param calls every call that opened or changed a file
 * @param traces what it did to the files around the image that it may not do, or empty
 */
record Encounter(
    CommandLine command,
    OurRun run,
    Path image,
    List<TappedVolume.Call> calls,
    Optional<String> traces) {

  /** However hostile an image, the answer to it comes within this time. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  /**
   * What the allocator says when it comes upon a table that refcounts call free. What was written
   * until then is nothing that the image refers to, or a mark that its bitmaps are in use.
   */
  private static final Pattern MET_BY_THE_ALLOCATOR =
      Pattern.compile("Refcounts call the cluster at offset 0x[0-9a-f]+ free, but ");

  /** Runs the command. New files go into {@code directory}, and are gone afterwards. */
  static Encounter of(CommandLine command, Path image, Path sound, Path directory)
      throws IOException {
    return of(command, Map.of(), image, sound, directory);
  }

  /** The same with an environment. */
  static Encounter of(
      CommandLine command, Map<String, String> environment, Path image, Path sound, Path directory)
      throws IOException {
    Path out = directory.resolve("new");
    Surroundings before = Surroundings.of(directory, sound);
    WatchedVolume volume = new WatchedVolume();
    List<String> arguments = command.arguments(image, sound, out);
    OurRun run =
        assertTimeoutPreemptively(
            LONGEST,
            () ->
                OurRun.prepared(
                    command.personality(),
                    environment,
                    volume::volume,
                    Encounter::prepare,
                    arguments),
            () -> arguments + " of the image " + image);
    Optional<String> traces = before.change(run.exitCode() == 0 ? Set.of(out) : Set.of());
    if (Files.exists(out)) {
      LoopFileSystem.delete(out);
    }
    return new Encounter(command, run, image, volume.calls(), traces);
  }

  /** A limit of time is watched, as in a process of its own, and a disk on standard output gone. */
  private static void prepare(Console console) {
    console
        .deadline()
        .watchedBy(limit ->
            CompletableFuture.delayedExecutor(limit.seconds(), TimeUnit.SECONDS)
                .execute(() -> {
                  boolean _ = console.deadline().pass();
                }));
    Console _ = console.withBinary(new Nowhere());
  }

  private static final class Nowhere implements Console.Binary {

    @Override
    public WritableByteChannel channel() {
      return Channels.newChannel(OutputStream.nullOutputStream());
    }

    @Override
    public void sync() {}
  }

  /** What it did that no image may make a command do, or empty. */
  Optional<String> misdeed(Set<Path> mayOpen) {
    return problem(mayOpen).map(problem -> problem + ": " + run);
  }

  private Optional<String> problem(Set<Path> mayOpen) {
    Optional<String> said = answer().problem();
    if (said.isPresent()) {
      return said;
    }
    Optional<TappedVolume.Call> stranger =
        calls.stream().filter(call -> call.is("open") && !mayOpen.contains(call.path())).findAny();
    if (stranger.isPresent()) {
      return Optional.of("opened " + stranger.get().path());
    }
    Optional<String> change = changeOfImage().map(call -> "changed the image by " + call);
    return change.or(this::traces);
  }

  /**
   * A change that happens at once or not at all, and failed, and wrote to the image nevertheless;
   * or empty.
   */
  Optional<String> halfDoneChange() {
    return answer().isFailure()
            && command.isAtOnce()
            && !MET_BY_THE_ALLOCATOR.matcher(run.stderr()).find()
        ? Stream.concat(changes(), changesOf(CommandLine.otherBeside(image)))
            .findAny()
            .map(call -> "failed, and changed an image by " + changes().toList() + ": " + run)
        : Optional.empty();
  }

  private Stream<TappedVolume.Call> changes() {
    return changesOf(image);
  }

  /** Every change of a file. */
  Stream<TappedVolume.Call> changesOf(Path file) {
    return calls.stream().filter(call -> WatchedVolume.isChange(call) && file.equals(call.path()));
  }

  private Optional<TappedVolume.Call> changeOfImage() {
    return answer().mayHaveChangedTheImage() ? Optional.empty() : changes().findAny();
  }

  private Answer answer() {
    return new Answer(command, run);
  }
}
