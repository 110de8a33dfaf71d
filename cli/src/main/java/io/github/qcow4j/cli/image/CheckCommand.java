package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.RepairReport;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code check}: whether an image is consistent in itself. */
public final class CheckCommand extends Command {

  private static final int NOT_COMPLETED = 1;
  private static final int CORRUPT = 2;
  private static final int LEAKING = 3;
  private static final int NOT_SUPPORTED = 63;

  private static final Description DESCRIPTION =
      new Description(
          "check",
          "FILE",
          "Tells whether an image is consistent, and repairs it: exit code 0 when it is in the end,"
              + " 2 when it is damaged, 3 when clusters are lost only, 1 when the check was not"
              + " completed",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.value('T', "cache", "CACHE", "accepted; has no effect"),
              Option.value('r', "repair", "WHAT", "repair 'leaks', or 'all' that can be"),
              ImageAccess.FORCE_SHARE,
              OutputFormat.OPTION,
              ImageAccess.QUIET,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private @Nullable String cacheMode;
  private String output = "human";
  private @Nullable RepairScope scope;
  private boolean sharing;
  private boolean quiet;

  /**
   * @param console what surrounds the call
   */
  public CheckCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, NOT_COMPLETED);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "cache" -> cacheMode = value;
      case "output" -> output = value;
      case "quiet" -> quiet = true;
      case "repair" -> scope = scope(value);
      case "force-share" -> {
        sharing = true;
        access.accept(option, value);
      }
      default -> access.accept(option, value);
    }
  }

  private static RepairScope scope(String value) throws UsageException {
    return switch (value) {
      case "leaks" -> RepairScope.LEAKS;
      case "all" -> RepairScope.ALL;
      default ->
          throw UsageException.wrongForm(
              "Unknown option value for -r (expecting 'leaks' or 'all'): " + value);
    };
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    OutputFormat outputFormat = OutputFormat.of(output);
    if (cacheMode != null) {
      access.requireCacheMode("source cache", cacheMode);
    }
    ImageName name = access.name(operands.getFirst(), format);
    requireChecks(name);
    CheckReport report =
        scope == null ? check(name, outputFormat) : repair(scope, name, outputFormat);
    return exitCode(report);
  }

  private CheckReport check(ImageName name, OutputFormat outputFormat)
      throws CommandFailure, IOException {
    try (ImageCheck check = open(name)) {
      requireSize(name, check.header());
      CheckReport report = run((said, control) -> check.run(said::say, control));
      print(
          switch (outputFormat) {
            case HUMAN -> CheckText.of(report);
            case JSON -> CheckJson.of(name, report);
          });
      return report;
    }
  }

  private CheckReport repair(RepairScope wanted, ImageName name, OutputFormat outputFormat)
      throws CommandFailure, IOException {
    try (ImageRepair repair = openForRepair(name)) {
      requireSize(name, repair.header());
      RepairReport repaired = run((said, control) -> repair.run(wanted, said::say, control));
      CheckReport report = repaired.remaining();
      if (repaired.changedAnything()) {
        if (outputFormat == OutputFormat.HUMAN) {
          print(CheckText.of(repaired));
        }
        report = run((said, control) -> repair.check(said::say, control));
      }
      print(
          switch (outputFormat) {
            case HUMAN -> CheckText.of(report);
            case JSON ->
                CheckJson.of(name, report, repaired.corruptionsFixed(), repaired.leaksFixed());
          });
      return report;
    }
  }

  private void requireSize(ImageName name, Qcow2Header header) throws CommandFailure {
    access.requireSize("Could not open '" + name.given() + "': ", header.virtualSize());
  }

  private void print(String text) {
    if (!quiet) {
      console().out().print(text);
    }
  }

  private void requireChecks(ImageName name) throws CommandFailure {
    try {
      ImageFormat known =
          name.format() == null
              ? DiskImages.probeFormat(console().volume(), name.path())
              : name.format();
      if (known != ImageFormat.QCOW2) {
        throw new CommandFailure(NOT_SUPPORTED, "This image format does not support checks");
      }
    } catch (IOException e) {
      throw console().errorText().couldNotOpen(NOT_COMPLETED, name.given(), e);
    }
  }

  private ImageCheck open(ImageName name) throws CommandFailure {
    try {
      return sharing
          ? ImageCheck.openBesideWriters(console().volume(), name.path())
          : ImageCheck.open(console().volume(), name.path());
    } catch (IOException e) {
      throw console().errorText().couldNotOpen(NOT_COMPLETED, name.given(), e);
    }
  }

  private ImageRepair openForRepair(ImageName name) throws CommandFailure {
    if (sharing) {
      throw new CommandFailure(
          NOT_COMPLETED,
          "Could not open '"
              + name.given()
              + "': force-share=on can only be used with read-only images");
    }
    try {
      return ImageRepair.open(console().volume(), name.path());
    } catch (IOException e) {
      throw console().errorText().couldNotOpen(NOT_COMPLETED, name.given(), e);
    }
  }

  /** One of the two steps of the command. */
  @FunctionalInterface
  private interface Step<T> {
    T run(FindingLines said, JobControl control) throws IOException;
  }

  private <T> T run(Step<T> step) throws CommandFailure, IOException {
    JobControl control = console().startJob();
    try (FindingLines said = new FindingLines(console())) {
      return step.run(said, control);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailure(
          NOT_COMPLETED, "Check failed: " + console().errorText().reason(e), null, e);
    }
  }

  private int exitCode(CheckReport report) throws CommandFailure {
    return switch (report.outcome()) {
      case CONSISTENT -> 0;
      case CORRUPT -> CORRUPT;
      case LEAKING -> LEAKING;
      case INCOMPLETE -> throw new CommandFailure(NOT_COMPLETED, "Check failed");
    };
  }
}
