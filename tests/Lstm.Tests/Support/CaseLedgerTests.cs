namespace Lstm.Tests.Support;

public class CaseLedgerTests
{
    private const string Kind = "tflite_micro", Prefix = "tflm.";

    [Fact]
    public void AssertComplete_all_compared_passes()
    {
        CaseLedger ledger = new(Kind, Prefix);
        Assert.Equal(["gate_2x2", "seq_2x3"], ledger.Names.Order());
        ledger.Compare("gate_2x2", tolerance => Assert.Equal(new(1e-6), tolerance));
        ledger.Compare("seq_2x3", tolerance => { });
        ledger.AssertComplete(2);
    }

    [Fact]
    public void AssertComplete_names_every_failure()
    {
        CaseLedger ledger = new(Kind, Prefix);
        ledger.Compare("gate_2x2", tolerance => Assert.Fail("first"));
        ledger.Compare("seq_2x3", tolerance => throw new InvalidDataException("second"));
        string message = Failure(() => ledger.AssertComplete(2));
        Assert.Contains("2 of 2 cases failed", message);
        Assert.Contains("gate_2x2: first", message);
        Assert.Contains("seq_2x3: second", message);
    }

    [Fact]
    public void AssertComplete_case_of_the_manifest_passed_over_fails()
    {
        CaseLedger ledger = new(Kind, Prefix);
        ledger.Compare("gate_2x2", tolerance => { });
        Assert.Contains("seq_2x3", Failure(() => ledger.AssertComplete(1)));
    }

    [Fact]
    public void AssertComplete_case_of_the_file_passed_over_fails()
    {
        CaseLedger ledger = new(Kind, Prefix);
        ledger.Compare("gate_2x2", tolerance => { });
        ledger.Compare("seq_2x3", tolerance => { });
        Failure(() => ledger.AssertComplete(3));
    }

    [Fact]
    public void Compare_case_without_a_tolerance_fails()
    {
        CaseLedger ledger = new(Kind, Prefix);
        ledger.Compare("unknown", tolerance => { });
        Assert.Contains("unknown", Failure(() => ledger.AssertComplete(1)));
    }

    [Fact]
    public void AssertComplete_inexpressible_case_missing_in_the_documentation_fails()
    {
        CaseLedger ledger = new(Kind, Prefix, ("seq_*", "a reason"));
        ledger.Compare("gate_2x2", tolerance => { });
        ledger.Compare("seq_2x3", tolerance => Assert.Fail("is not to be compared"));
        Assert.Contains("`seq_*`", Failure(() => ledger.AssertComplete(2)));
    }

    [Fact]
    public void AssertComplete_entry_that_means_no_case_fails()
    {
        CaseLedger ledger = new(Kind, Prefix, ("gru_test.*", "a reason"));
        ledger.Compare("gate_2x2", tolerance => { });
        ledger.Compare("seq_2x3", tolerance => { });
        Failure(() => ledger.AssertComplete(2));
    }

    private static string Failure(Action action) => Assert.ThrowsAny<Exception>(action).Message;
}
