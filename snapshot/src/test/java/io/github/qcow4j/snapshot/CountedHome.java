package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.TappedVolume.Call;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.sqlite.ProgressHandler;

/** A home that counts what its operations do; its catalogue is in memory. For one thread. */
final class CountedHome implements Closeable {

  /** Of so many instructions of SQLite, one is counted. */
  private static final int INSTRUCTIONS = 10;

  private final TappedVolume tapped;
  private final BoxHome home;
  private final AtomicLong databaseSteps = new AtomicLong();
  private final AtomicLong commits = new AtomicLong();

  /**
   * What an operation has done.
   *
   * @param calls of the volume and its files
   * @param opened files that were opened
   * @param bytesRead bytes that were asked of files
   * @param bytesWritten bytes that were given to files
   * @param copies ranges that were shared or left to the kernel to copy
   * @param databaseSteps instructions of SQLite, in tens
   * @param syncs files and directories that were synced
   * @param commits transactions that changed the catalogue, each of which is a sync too
   */
  record Work(
      long calls,
      long opened,
      long bytesRead,
      long bytesWritten,
      long copies,
      long databaseSteps,
      long syncs,
      long commits) {

    /** What is compared, with its name. */
    static final List<Figure> FIGURES =
        List.of(
            new Figure("calls", Work::calls),
            new Figure("files opened", Work::opened),
            new Figure("bytes read", Work::bytesRead),
            new Figure("bytes written", Work::bytesWritten),
            new Figure("copied ranges", Work::copies),
            new Figure("steps of SQLite / 10", Work::databaseSteps),
            new Figure("syncs", Work::syncs),
            new Figure("commits", Work::commits));
  }

  /** One thing that is counted. */
  record Figure(String name, ToLongFunction<Work> of) {

    /** The middle one of some operations. */
    long median(List<Work> works) {
      long[] sorted = works.stream().mapToLong(of).sorted().toArray();
      return sorted[sorted.length / 2];
    }

    /** The sum over some operations. */
    long sum(List<Work> works) {
      return works.stream().mapToLong(of).sum();
    }
  }

  /** What is counted. */
  interface Operation {
    void run(BoxHome home) throws Exception;
  }

  CountedHome(Volume volume, Path directory, long seed) throws Exception {
    this(volume, HomeOptions.of(directory), seed);
  }

  CountedHome(Volume volume, HomeOptions options, long seed) throws Exception {
    tapped = new TappedVolume(volume);
    Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
    try (var statement = connection.createStatement()) {
      statement.execute("PRAGMA foreign_keys = ON");
    }
    ProgressHandler.setHandler(connection, INSTRUCTIONS, counter());
    home =
        BoxHome.open(
            options,
            tapped.volume(),
            BoxHome.prepare(tapped.volume(), options.directory()),
            Catalogue.over(connection, _ -> commits.incrementAndGet()),
            new Random(seed),
            InstantSource.system(),
            step -> {});
  }

  private ProgressHandler counter() {
    return new ProgressHandler() {
      @Override
      protected int progress() throws SQLException {
        databaseSteps.incrementAndGet();
        return 0;
      }
    };
  }

  BoxHome home() {
    return home;
  }

  /** Runs an operation and tells what it did. */
  Work count(Operation operation) throws Exception {
    tapped.forget();
    databaseSteps.set(0);
    commits.set(0);
    operation.run(home);
    List<Call> calls = tapped.calls();
    tapped.forget();
    return new Work(
        calls.size(),
        calls.stream().filter(call -> call.is("open")).count(),
        calls.stream().filter(Call::reads).mapToLong(Call::lengthBytes).sum(),
        calls.stream().filter(call -> call.is("write")).mapToLong(Call::lengthBytes).sum(),
        calls.stream()
            .filter(call -> call.is("copyRange") || call.is("cloneRange") || call.is("cloneFrom"))
            .count(),
        databaseSteps.get(),
        calls.stream()
            .filter(call -> call.is("sync") || call.is("syncAll") || call.is("syncDirectory"))
            .count(),
        commits.get());
  }

  @Override
  public void close() throws IOException {
    home.close();
  }
}
