package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.verify.Concern;
import io.github.qcow4j.qcow2.verify.ImageVerification;
import io.github.qcow4j.qcow2.verify.VerificationOptions;
import io.github.qcow4j.qcow2.verify.VerificationReport;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code verify}: what speaks against an image of unknown origin. Exit code 0 when nothing does, 2
 * when something does, 1 when the question could not be answered.
 */
public final class VerifyCommand extends Command {

  private static final int NOT_ANSWERED = 1;
  private static final int OBJECTIONABLE = 2;

  private static final Description DESCRIPTION =
      new Description(
          "verify",
          "FILE",
          "Tells what speaks against an image of unknown origin, opening nothing but that file:"
              + " exit code 0 when nothing does, 2 when something does, 1 when that is not known",
          OptionTable.of(
              Option.value('f', "format", "FMT", "what the image is said to be"),
              ImageAccess.FORCE_SHARE,
              OutputFormat.OPTION,
              ImageAccess.QUIET,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;

  private @Nullable String format;
  private String output = "human";
  private boolean besideWriters;
  private boolean quiet;

  /**
   * @param console what surrounds the call
   */
  public VerifyCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, NOT_ANSWERED);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "force-share" -> besideWriters = true;
      case "output" -> output = value;
      case "quiet" -> quiet = true;
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    OutputFormat outputFormat = OutputFormat.of(output);
    ImageName name = access.name(operands.getFirst(), format);
    VerificationReport report = verify(name);
    if (!quiet) {
      console()
          .out()
          .print(
              switch (outputFormat) {
                case HUMAN -> human(report);
                case JSON -> json(name, report);
              });
    }
    return report.isAcceptable() ? 0 : OBJECTIONABLE;
  }

  private VerificationReport verify(ImageName name)
      throws UsageException, CommandFailure, IOException {
    ReferencePolicy stated = access.statedPolicy();
    try {
      return ImageVerification.run(
          console().volume(),
          name.path(),
          new VerificationOptions(
              name.format(),
              access.maxVirtualSize(),
              besideWriters,
              stated == null ? ReferencePolicy.deny() : stated),
          console().startJob());
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw console().errorText().couldNotOpen(NOT_ANSWERED, name.given(), e);
    }
  }

  private static String human(VerificationReport report) {
    if (report.isAcceptable()) {
      return "Nothing speaks against the image.\n";
    }
    StringBuilder text = new StringBuilder();
    for (Concern concern : report.concerns()) {
      text.append(concern.reason().label())
          .append(": ")
          .append(ErrorText.oneLine(concern.detail()))
          .append('\n');
    }
    if (report.unlisted() > 0) {
      text.append(report.unlisted()).append(" more\n");
    }
    return text.toString();
  }

  private static String json(ImageName name, VerificationReport report) {
    JsonWriter json = new JsonWriter().object();
    json.member("filename", name.given());
    json.member("format", report.format().label());
    if (report.virtualSize() >= 0) {
      json.member("virtual-size", report.virtualSize());
    }
    json.member("acceptable", report.isAcceptable());
    json.key("reasons").array();
    for (Concern concern : report.concerns()) {
      json.object();
      json.member("reason", concern.reason().label());
      json.member("detail", concern.detail());
      json.end();
    }
    json.end();
    json.member("unlisted", report.unlisted());
    json.member("missing-copied-flags", report.missingCopiedFlags());
    json.end();
    return json + "\n";
  }
}
