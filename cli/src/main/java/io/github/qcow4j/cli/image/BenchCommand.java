package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.bench.RequestRun;
import io.github.qcow4j.qcow2.bench.RequestSeries;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** {@code bench}: times many equal requests to an image. */
public final class BenchCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "bench",
          "FILE",
          "Times many equal requests to an image, several at once",
          BenchArguments.OPTIONS);

  private final ImageAccess access;
  private final BenchArguments arguments;

  /**
   * @param console what surrounds the call
   */
  public BenchCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
    this.arguments = new BenchArguments(access);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    arguments.accept(option, value);
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    RequestSeries series = arguments.series();
    ImageName name = access.name(operands.getFirst(), arguments.format());
    if (arguments.contradiction() != null) {
      throw new CommandFailure(
          1, "Could not open '" + name.given() + "': " + arguments.contradiction());
    }
    try (DiskImage image = arguments.writing() ? access.openWriting(name) : access.open(name)) {
      console().out().print(announcement(series));
      console().out().flush();
      long nanos = run(image, series);
      console()
          .out()
          .print(String.format(Locale.ROOT, "Run completed in %3.3f seconds.%n", nanos / 1e9));
    }
    return 0;
  }

  private String announcement(RequestSeries series) {
    String text =
        String.format(
            Locale.ROOT,
            "Sending %d %s requests, %d bytes each, %d in parallel (starting at offset %d, step"
                + " size %d)%n",
            series.count(),
            arguments.writing() ? "write" : "read",
            series.bufferBytes(),
            series.depth(),
            series.startOffset(),
            series.stepBytes());
    return arguments.flushInterval() == 0
        ? text
        : text + "Sending flush every " + arguments.flushInterval() + " requests\n";
  }

  private long run(DiskImage image, RequestSeries series) throws CommandFailure, IOException {
    JobControl control = console().startJob();
    try {
      return RequestRun.run(image, series, control);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailure(1, "Failed request: " + console().errorText().reason(e), null, e);
    }
  }
}
