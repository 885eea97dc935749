@echo off
rem For a double click on Windows: finds Python, has install.py install what the app needs, opens the page.
rem Tried with Wine's cmd and a Python of straw only, not yet on a real machine.
setlocal
title ResNet fine-tuning
pushd "%~dp0"
if not exist install.py (
  echo start.bat needs the files beside it. If you see it inside a .zip: right-click the .zip, choose "Extract All...",
  echo then double-click start.bat in the folder that comes of it.
  goto :failed
)

if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" (
  echo This computer has an ARM processor. The app needs the Python for x86-64: install "Windows installer (64-bit)" of
  echo Python 3.13 from https://www.python.org/downloads/, not the one for ARM64, if it is not found below.
)
echo Looking for Python. If it has to be fetched first, this takes a minute or two.
set "PYTHON="
for %%V in (3.13 3.12 3.11 3.14) do call :look py -%%V-64
call :look python
if defined PYTHON goto :found
rem What python.org gives for Windows is a manager that has no Python at first, but fetches one.
where pymanager >nul 2>&1
if %errorlevel% equ 0 pymanager install --yes 3.13-64
call :look py -3.13-64
if defined PYTHON goto :found
echo The app needs Python. Open the Microsoft Store, search for "Python 3.13" and install it, then double-click
echo start.bat again. Python 3.11, 3.12 and 3.14 suit as well, if they are x86-64.
goto :failed

:found
call %PYTHON% install.py
if %errorlevel% neq 0 goto :failed
echo Opening the page in your browser. Close this window to close the page; a training that is going on is not lost.
.venv\Scripts\python.exe app.py
if %errorlevel% equ 0 exit /b 0
echo The page stopped with an error: the reason stands above.

:failed
echo.
pause
exit /b 1

rem Takes the Python that is called by these words, if it is one that PyTorch is made for.
:look
if defined PYTHON exit /b 0
call %* -c "import sys, sysconfig, venv; sys.exit(not ((3, 11) <= sys.version_info < (3, 15) and sysconfig.get_platform() == 'win-amd64'))" >nul 2>&1
if %errorlevel% equ 0 set "PYTHON=%*"
exit /b 0
