namespace Lstm.Tests.Networks;

/// <summary>Messages that a new user meets: what was given, what is allowed, and what to do.</summary>
public class MessageTests
{
    [Fact]
    public void A_disposed_object_is_called_by_its_plain_name()
    {
        Network<float> network = Network.Create<float>(1, new LstmSpec(2), new DenseSpec(1));
        SequenceBatch<float> batch = SequenceBatch.FromSequences<float>([[1, 2]]);
        Workspace<float> workspace = network.CreateWorkspace();
        workspace.Dispose();
        ObjectDisposedException e = Assert.Throws<ObjectDisposedException>(() => network.Predict(batch, null, workspace));
        Assert.Equal("Workspace<float>", e.ObjectName);
        Assert.StartsWith("This Workspace<float> has been disposed and cannot run any more; make another one", e.Message);
        Tape<float> tape = network.CreateTape(workers: 2);
        tape.Dispose();
        Assert.Equal("Tape<float>", Assert.Throws<ObjectDisposedException>(() => network.Forward(batch, tape)).ObjectName);
        NetworkStream<float> stream = network.OpenStream();
        stream.Dispose();
        Assert.Equal(
            "NetworkStream<float>", Assert.Throws<ObjectDisposedException>(() => stream.Step([1], new float[1])).ObjectName);
    }

    [Fact]
    public void A_step_says_which_argument_has_how_many_values_and_how_many_it_takes()
    {
        Network<float> network = Network.Create<float>(2, new LstmSpec(3), new DenseSpec(4));
        using NetworkStream<float> one = network.OpenStream(), three = network.OpenStream(sessions: 3);
        Assert.Contains(
            "There are 1 values in 'input'; a step of 1 session with an input of 2 values each takes 2. Give [sessions, 2] " +
            "values",
            Assert.Throws<ArgumentException>("input", () => one.Step([1], new float[4])).Message);
        Assert.Contains(
            "There are 4 values in 'output'; a step of 3 sessions with an output of 4 values each takes 12.",
            Assert.Throws<ArgumentException>("output", () => three.Step(new float[6], new float[4])).Message);
        Assert.Contains(
            "Session 3 (index 1) is unknown; the stream has 3 sessions, 0 … 2.",
            Assert.Throws<ArgumentException>("sessions", () => three.Step([0, 3], new float[4], new float[8])).Message);
    }

    [Fact]
    public void Names_and_lists_of_any_length_are_cut_in_messages()
    {
        string name = new('x', 1_000_000);
        Assert.InRange(
            Assert.Throws<ArgumentException>(
            () => Network.Create<float>(1, new LstmSpec(2) { Name = "a." + name })).Message.Length, 50, 400);
        Assert.InRange(
            Assert.Throws<ArgumentException>(() => Network.Create<float>(1, new LstmSpec(0) { Name = name })).Message.Length,
            50, 400);
        Network<float> network = Network.Create<float>(1, [.. Enumerable.Range(0, 500).Select(_ => new DenseSpec(1))]);
        string message = Assert.Throws<ArgumentException>("name", () => network.ReadParameter(name)).Message;
        Assert.InRange(message.Length, 50, 700);
        Assert.Contains("and 988 more", message);
    }
}
